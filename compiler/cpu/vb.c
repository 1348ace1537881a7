// vb.c: the vector builder: integers, memory, vectors and control flow over the LLVM C API.
// Not here: exp, log and the scalar builder's face (vb_math.c).
#include "cpu/vb.h"

#include <string.h>

#include "base/internal_error.h"

#define MAX_LANES 64

void vb_init(Vb *b, Arena *arena, const TargetDef *target, LLVMContextRef context,
             LLVMModuleRef module, LLVMBuilderRef builder)
{
    *b = (Vb){.target = target,
              .arena = arena,
              .context = context,
              .module = module,
              .builder = builder,
              .width = target->vector_floats};
    b->f32 = LLVMFloatTypeInContext(context);
    b->f64 = LLVMDoubleTypeInContext(context);
    b->i1 = LLVMInt1TypeInContext(context);
    b->i8 = LLVMInt8TypeInContext(context);
    b->i32 = LLVMInt32TypeInContext(context);
    b->i64 = LLVMInt64TypeInContext(context);
    b->ptr = LLVMPointerTypeInContext(context, 0);
    b->vec = LLVMVectorType(b->f32, b->width);
    b->vec64 = LLVMVectorType(b->f64, b->width);
    vb_math_init(b);
}

Vb vb_with_width(const Vb *b, uint32_t width)
{
    Vb other = *b;
    other.width = width;
    other.vec = LLVMVectorType(b->f32, width);
    other.vec64 = LLVMVectorType(b->f64, width);
    other.fma_decl = NULL;
    return other;
}

Val vb_intrinsic(Vb *b, const char *name, Typ overload, const Val *args, uint32_t count)
{
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    if (id == 0) {
        INTERNAL_ERROR("no LLVM intrinsic %s", name);
    }
    unsigned overloads = overload ? 1 : 0;
    Val decl = LLVMGetIntrinsicDeclaration(b->module, id, &overload, overloads);
    Typ type = LLVMIntrinsicGetType(b->context, id, &overload, overloads);
    Val copy[8] = {0};
    for (uint32_t i = 0; i < count; i++) {
        copy[i] = args[i];
    }
    return LLVMBuildCall2(b->builder, type, decl, copy, count, "");
}

// Integers

Val vb_int(Vb *b, int64_t x)
{
    return LLVMConstInt(b->i64, (unsigned long long)x, 1);
}

Val vb_add(Vb *b, Val x, Val y)
{
    return LLVMBuildNSWAdd(b->builder, x, y, "");
}

Val vb_sub(Vb *b, Val x, Val y)
{
    return LLVMBuildNSWSub(b->builder, x, y, "");
}

Val vb_mul(Vb *b, Val x, Val y)
{
    return LLVMBuildNSWMul(b->builder, x, y, "");
}

Val vb_muli(Vb *b, Val x, int64_t y)
{
    if (y == 0) {
        return vb_int(b, 0);
    }
    return y == 1 ? x : vb_mul(b, x, vb_int(b, y));
}

Val vb_addi(Vb *b, Val x, int64_t y)
{
    return y == 0 ? x : vb_add(b, x, vb_int(b, y));
}

Val vb_divi(Vb *b, Val x, int64_t y)
{
    return y == 1 ? x : LLVMBuildUDiv(b->builder, x, vb_int(b, y), "");
}

Val vb_remi(Vb *b, Val x, int64_t y)
{
    return y == 1 ? vb_int(b, 0) : LLVMBuildURem(b->builder, x, vb_int(b, y), "");
}

Val vb_icmp(Vb *b, LLVMIntPredicate p, Val x, Val y)
{
    return LLVMBuildICmp(b->builder, p, x, y, "");
}

Val vb_select(Vb *b, Val cond, Val t, Val f)
{
    return LLVMBuildSelect(b->builder, cond, t, f, "");
}

Val vb_min(Vb *b, Val x, Val y)
{
    return vb_select(b, vb_icmp(b, LLVMIntSLT, x, y), x, y);
}

Val vb_max(Vb *b, Val x, Val y)
{
    return vb_select(b, vb_icmp(b, LLVMIntSGT, x, y), x, y);
}

// Memory

Val vb_at(Vb *b, Val p, Val byte_offset)
{
    return LLVMBuildGEP2(b->builder, b->i8, p, &byte_offset, 1, "");
}

Val vb_ati(Vb *b, Val p, int64_t byte_offset)
{
    return byte_offset == 0 ? p : vb_at(b, p, vb_int(b, byte_offset));
}

Val vb_load_typed(Vb *b, Typ t, Val p, uint32_t align)
{
    Val load = LLVMBuildLoad2(b->builder, t, p, "");
    LLVMSetAlignment(load, align);
    return load;
}

Val vb_load(Vb *b, Val p)
{
    return vb_load_typed(b, b->vec, p, b->width * 4);
}

Val vb_load_unaligned(Vb *b, Val p)
{
    return vb_load_typed(b, b->vec, p, 4);
}

Val vb_load_scalar(Vb *b, Val p)
{
    return vb_load_typed(b, b->f32, p, 4);
}

Val vb_broadcast(Vb *b, Val p)
{
    return vb_splat(b, vb_load_scalar(b, p));
}

static Val store_typed(Vb *b, Val x, Val p, uint32_t align)
{
    Val store = LLVMBuildStore(b->builder, x, p);
    LLVMSetAlignment(store, align);
    return store;
}

void vb_store(Vb *b, Val x, Val p)
{
    store_typed(b, x, p, b->width * 4);
}

void vb_store_unaligned(Vb *b, Val x, Val p)
{
    store_typed(b, x, p, 4);
}

void vb_store_scalar(Vb *b, Val x, Val p)
{
    store_typed(b, x, p, 4);
}

// <V x i1>, true in the first lanes.
Val vb_first_lanes(Vb *b, uint32_t lanes)
{
    Val bit[MAX_LANES];
    for (uint32_t i = 0; i < b->width; i++) {
        bit[i] = LLVMConstInt(b->i1, i < lanes, 0);
    }
    return LLVMConstVector(bit, b->width);
}

// <V x float> with the lanes of a shorter vector first and zeros behind; or the other way round.
static Val resize_vector(Vb *b, Val x, uint32_t from, uint32_t to)
{
    Val index[MAX_LANES];
    for (uint32_t i = 0; i < to; i++) {
        index[i] = LLVMConstInt(b->i32, i < from ? i : from, 0);
    }
    Val zeros = LLVMConstNull(LLVMTypeOf(x));
    return LLVMBuildShuffleVector(b->builder, x, zeros, LLVMConstVector(index, to), "");
}

static bool has_masked_memory(const Vb *b)
{
    return b->target->isa->has_masked_memory && !b->target->emulated;
}

Val vb_load_lanes(Vb *b, Val p, uint32_t lanes)
{
    if (lanes >= b->width) {
        return vb_load_unaligned(b, p);
    }
    if (!has_masked_memory(b)) {
        Val part = vb_load_typed(b, LLVMVectorType(b->f32, lanes), p, 4);
        return resize_vector(b, part, lanes, b->width);
    }
    Typ types[2] = {b->vec, b->ptr};
    unsigned id = LLVMLookupIntrinsicID("llvm.masked.load", strlen("llvm.masked.load"));
    Val decl = LLVMGetIntrinsicDeclaration(b->module, id, types, 2);
    Val args[4] = {p, LLVMConstInt(b->i32, 4, 0), vb_first_lanes(b, lanes), vb_zero(b)};
    return LLVMBuildCall2(b->builder, LLVMIntrinsicGetType(b->context, id, types, 2), decl, args, 4,
                          "");
}

void vb_store_lanes(Vb *b, Val x, Val p, uint32_t lanes)
{
    if (lanes >= b->width) {
        vb_store_unaligned(b, x, p);
        return;
    }
    if (!has_masked_memory(b)) {
        store_typed(b, resize_vector(b, x, b->width, lanes), p, 4);
        return;
    }
    Typ types[2] = {b->vec, b->ptr};
    unsigned id = LLVMLookupIntrinsicID("llvm.masked.store", strlen("llvm.masked.store"));
    Val decl = LLVMGetIntrinsicDeclaration(b->module, id, types, 2);
    Val args[4] = {x, p, LLVMConstInt(b->i32, 4, 0), vb_first_lanes(b, lanes)};
    LLVMBuildCall2(b->builder, LLVMIntrinsicGetType(b->context, id, types, 2), decl, args, 4, "");
}

void vb_prefetch(Vb *b, Val p, bool write, int locality)
{
    Val args[4] = {p, LLVMConstInt(b->i32, write, 0), LLVMConstInt(b->i32, (unsigned)locality, 0),
                   LLVMConstInt(b->i32, 1, 0)};
    vb_intrinsic(b, "llvm.prefetch", b->ptr, args, 4);
}

// Vectors

Val vb_zero(Vb *b)
{
    return LLVMConstNull(b->vec);
}

static Val const_splat(Vb *b, Typ element, double x)
{
    Val lane[MAX_LANES];
    for (uint32_t i = 0; i < b->width; i++) {
        lane[i] = LLVMConstReal(element, x);
    }
    return LLVMConstVector(lane, b->width);
}

Val vb_const(Vb *b, double x)
{
    return const_splat(b, b->f32, x);
}

Val vb_const64(Vb *b, double x)
{
    return const_splat(b, b->f64, x);
}

Val vb_splat(Vb *b, Val scalar)
{
    Typ vec = LLVMVectorType(LLVMTypeOf(scalar), b->width);
    Val poison = LLVMGetPoison(vec);
    Val first = LLVMBuildInsertElement(b->builder, poison, scalar, LLVMConstInt(b->i32, 0, 0), "");
    Val mask = LLVMConstNull(LLVMVectorType(b->i32, b->width));
    return LLVMBuildShuffleVector(b->builder, first, poison, mask, "");
}

Val vb_number(Vb *b, double x)
{
    return LLVMConstReal(b->f32, x);
}

Val vb_from_int(Vb *b, Val x)
{
    return vb_splat(b, LLVMBuildSIToFP(b->builder, x, b->f32, ""));
}

Val vb_fadd(Vb *b, Val x, Val y)
{
    return LLVMBuildFAdd(b->builder, x, y, "");
}

Val vb_fsub(Vb *b, Val x, Val y)
{
    return LLVMBuildFSub(b->builder, x, y, "");
}

Val vb_fmul(Vb *b, Val x, Val y)
{
    return LLVMBuildFMul(b->builder, x, y, "");
}

Val vb_fdiv(Vb *b, Val x, Val y)
{
    return LLVMBuildFDiv(b->builder, x, y, "");
}

Val vb_fma(Vb *b, Val x, Val y, Val z)
{
    if (!b->target->has_fma) {
        return vb_fadd(b, vb_fmul(b, x, y), z);
    }
    Typ type = LLVMTypeOf(x);
    Val args[3] = {x, y, z};
    if (type != b->vec) {
        return vb_intrinsic(b, "llvm.fma", type, args, 3);
    }
    if (!b->fma_decl) {
        unsigned id = LLVMLookupIntrinsicID("llvm.fma", strlen("llvm.fma"));
        b->fma_decl = LLVMGetIntrinsicDeclaration(b->module, id, &type, 1);
    }
    return LLVMBuildCall2(b->builder, LLVMGlobalGetValueType(b->fma_decl), b->fma_decl, args, 3,
                          "");
}

Val vb_keep_lanes(Vb *b, Val x, uint32_t lanes)
{
    if (lanes >= b->width) {
        return x;
    }
    return vb_select(b, vb_first_lanes(b, lanes), x, LLVMConstNull(LLVMTypeOf(x)));
}

Val vb_lane_numbers(Vb *b)
{
    Val lane[MAX_LANES];
    for (uint32_t i = 0; i < b->width; i++) {
        lane[i] = LLVMConstInt(b->i32, i, 0);
    }
    return LLVMConstVector(lane, b->width);
}

Val vb_lane_mask(Vb *b, Val count)
{
    Val limit = vb_splat(b, LLVMBuildTrunc(b->builder, count, b->i32, ""));
    return vb_icmp(b, LLVMIntSLT, vb_lane_numbers(b), limit);
}

Val vb_keep_first(Vb *b, Val x, Val count)
{
    return vb_select(b, vb_lane_mask(b, count), x, LLVMConstNull(LLVMTypeOf(x)));
}

Val vb_shuffle2(Vb *b, Val x, Val y, const uint32_t *mask)
{
    Val index[MAX_LANES];
    for (uint32_t i = 0; i < b->width; i++) {
        index[i] = LLVMConstInt(b->i32, mask[i], 0);
    }
    return LLVMBuildShuffleVector(b->builder, x, y, LLVMConstVector(index, b->width), "");
}

Val vb_shuffle(Vb *b, Val x, const uint32_t *mask)
{
    return vb_shuffle2(b, x, LLVMGetPoison(LLVMTypeOf(x)), mask);
}

bool vb_can_permute2(const TargetDef *target)
{
    return target->isa->permute2 != NULL;
}

int vb_permute2_ops(const TargetDef *target)
{
    return target->isa->permute2_ops;
}

// Lane by lane.
static Val permute2_exact(Vb *b, Val x, Val y, Val index)
{
    Val both[2 * MAX_LANES];
    for (uint32_t i = 0; i < 2 * b->width; i++) {
        both[i] = LLVMConstInt(b->i32, i, 0);
    }
    Val all = LLVMBuildShuffleVector(b->builder, x, y, LLVMConstVector(both, 2 * b->width), "");
    Val result = LLVMGetPoison(LLVMTypeOf(x));
    for (uint32_t l = 0; l < b->width; l++) {
        Val lane = LLVMConstInt(b->i32, l, 0);
        Val from = LLVMBuildExtractElement(b->builder, index, lane, "");
        Val element = LLVMBuildExtractElement(b->builder, all, from, "");
        result = LLVMBuildInsertElement(b->builder, result, element, lane, "");
    }
    return result;
}

Val vb_permute2(Vb *b, Val x, Val y, Val index)
{
    if (!vb_can_permute2(b->target)) {
        INTERNAL_ERROR("%s permutes no two vectors", b->target->isa->name);
    }
    return b->target->emulated ? permute2_exact(b, x, y, index)
                               : b->target->isa->permute2(b, x, y, index);
}

// The upper half of the live lanes moved down to meet the lower half.
static Val fold_half(Vb *b, Val x, uint32_t half)
{
    uint32_t mask[MAX_LANES];
    for (uint32_t i = 0; i < b->width; i++) {
        mask[i] = i < half ? i + half : i;
    }
    return vb_shuffle(b, x, mask);
}

Val vb_reduce_add(Vb *b, Val x)
{
    for (uint32_t half = b->width / 2; half > 0; half /= 2) {
        x = vb_fadd(b, x, fold_half(b, x, half));
    }
    return LLVMBuildExtractElement(b->builder, x, LLVMConstInt(b->i32, 0, 0), "");
}

Val vb_reduce_max(Vb *b, Val x)
{
    for (uint32_t half = b->width / 2; half > 0; half /= 2) {
        Val other = fold_half(b, x, half);
        Val greater = LLVMBuildFCmp(b->builder, LLVMRealUGT, other, x, "");
        Val ordered = LLVMBuildFCmp(b->builder, LLVMRealORD, other, other, "");
        x = vb_select(b, LLVMBuildAnd(b->builder, greater, ordered, ""), other, x);
    }
    return LLVMBuildExtractElement(b->builder, x, LLVMConstInt(b->i32, 0, 0), "");
}

Val vb_widen(Vb *b, Val x)
{
    return LLVMBuildFPExt(b->builder, x, b->vec64, "");
}

Val vb_narrow(Vb *b, Val x)
{
    return LLVMBuildFPTrunc(b->builder, x, b->vec, "");
}

// Control

LLVMBasicBlockRef vb_block(Vb *b, const char *name)
{
    return LLVMAppendBasicBlockInContext(b->context, b->function, name);
}

// Enters the loop's head with its phis.
static VbLoop open_loop(Vb *b, Val lo, Val hi, int64_t step, const Val *init, uint32_t count)
{
    if (count > VB_MAX_CARRIED) {
        INTERNAL_ERROR("a loop carries %u values, at most %d are possible", count, VB_MAX_CARRIED);
    }
    VbLoop loop = {.head = vb_block(b, "loop"), .count = count, .hi = hi, .step = step};
    LLVMBasicBlockRef before = LLVMGetInsertBlock(b->builder);
    LLVMBuildBr(b->builder, loop.head);
    LLVMPositionBuilderAtEnd(b->builder, loop.head);
    loop.index = LLVMBuildPhi(b->builder, b->i64, "i");
    LLVMAddIncoming(loop.index, &lo, &before, 1);
    for (uint32_t i = 0; i < count; i++) {
        Val first = init[i];
        loop.carried[i] = LLVMBuildPhi(b->builder, LLVMTypeOf(first), "");
        LLVMAddIncoming(loop.carried[i], &first, &before, 1);
    }
    return loop;
}

static void close_loop(VbLoop *loop, LLVMBasicBlockRef from, Val index, const Val *next)
{
    LLVMAddIncoming(loop->index, &index, &from, 1);
    for (uint32_t i = 0; i < loop->count; i++) {
        Val value = next[i];
        LLVMAddIncoming(loop->carried[i], &value, &from, 1);
    }
}

VbLoop vb_loop(Vb *b, Val lo, Val hi, int64_t step, const Val *init, uint32_t count)
{
    return open_loop(b, lo, hi, step, init, count);
}

void vb_loop_end(Vb *b, VbLoop *loop, const Val *next)
{
    LLVMBasicBlockRef last = LLVMGetInsertBlock(b->builder);
    Val index = vb_addi(b, loop->index, loop->step);
    Val more = vb_icmp(b, LLVMIntSLT, index, loop->hi);
    LLVMBasicBlockRef after = vb_block(b, "after");
    LLVMBuildCondBr(b->builder, more, loop->head, after);
    close_loop(loop, last, index, next);
    LLVMPositionBuilderAtEnd(b->builder, after);
}

VbLoop vb_for(Vb *b, Val lo, Val hi, int64_t step, const Val *init, uint32_t count)
{
    VbLoop loop = open_loop(b, lo, hi, step, init, count);
    LLVMBasicBlockRef body = vb_block(b, "body");
    loop.after = vb_block(b, "after");
    LLVMBuildCondBr(b->builder, vb_icmp(b, LLVMIntSLT, loop.index, hi), body, loop.after);
    LLVMPositionBuilderAtEnd(b->builder, body);
    return loop;
}

void vb_for_end(Vb *b, VbLoop *loop, const Val *next)
{
    Val index = vb_addi(b, loop->index, loop->step);
    LLVMBasicBlockRef last = LLVMGetInsertBlock(b->builder);
    LLVMBuildBr(b->builder, loop->head);
    close_loop(loop, last, index, next);
    LLVMPositionBuilderAtEnd(b->builder, loop->after);
}

VbIf vb_if(Vb *b, Val cond)
{
    VbIf f = {.then_block = vb_block(b, "then"), .join = vb_block(b, "join")};
    LLVMBuildCondBr(b->builder, cond, f.then_block, f.join);
    LLVMPositionBuilderAtEnd(b->builder, f.then_block);
    return f;
}

void vb_if_end(Vb *b, VbIf *f)
{
    LLVMBuildBr(b->builder, f->join);
    LLVMPositionBuilderAtEnd(b->builder, f->join);
}
