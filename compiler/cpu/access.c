// access.c: loads and stores of f32 and bf16. A type without code here is an internal error.
#include "cpu/access.h"

#include <string.h>

#include "base/internal_error.h"

#define MAX_LANES 64

Access access_at(Vb *b, Access a, Val byte_offset)
{
    return access_as(a, vb_at(b, a.at, byte_offset));
}

Access access_ati(Vb *b, Access a, int64_t byte_offset)
{
    return access_as(a, vb_ati(b, a.at, byte_offset));
}

Access access_index(Vb *b, Access a, Val index, int64_t elements)
{
    return access_at(b, a, vb_muli(b, index, access_bytes(a, elements)));
}

Val access_rescale(Vb *b, Val byte_offset, Elem from, Elem to)
{
    if (elem_bytes(from) == elem_bytes(to)) {
        return byte_offset;
    }
    return vb_muli(b, vb_divi(b, byte_offset, elem_bytes(from)), elem_bytes(to));
}

// What one element is in memory.
static Typ memory_type(Vb *b, Elem e)
{
    switch (e) {
    case ELEM_F32:
        return b->f32;
    case ELEM_BF16:
        return LLVMInt16TypeInContext(b->context);
    case ELEM_F16:
    case ELEM_S8:
    case ELEM_U8:
    case ELEM_S16:
    case ELEM_S32:
    case ELEM_U32:
    case ELEM_F64:
        break;
    }
    INTERNAL_ERROR("kernels do not read or write %s", elem_name(e));
}

// `like` with i32 for its elements.
static Typ as_ints(Vb *b, Typ like)
{
    return LLVMGetTypeKind(like) == LLVMVectorTypeKind
               ? LLVMVectorType(b->i32, LLVMGetVectorSize(like))
               : b->i32;
}

static Typ as_floats(Vb *b, Typ like)
{
    return LLVMGetTypeKind(like) == LLVMVectorTypeKind
               ? LLVMVectorType(b->f32, LLVMGetVectorSize(like))
               : b->f32;
}

static Val int_const(Vb *b, Typ type, uint32_t x)
{
    Val scalar = LLVMConstInt(b->i32, x, 0);
    if (LLVMGetTypeKind(type) != LLVMVectorTypeKind) {
        return scalar;
    }
    Val lane[MAX_LANES];
    unsigned lanes = LLVMGetVectorSize(type);
    for (unsigned i = 0; i < lanes; i++) {
        lane[i] = scalar;
    }
    return LLVMConstVector(lane, lanes);
}

// A bf16 is the upper half of an f32.
static Val widen_bf16(Vb *b, Val x)
{
    Typ ints = as_ints(b, LLVMTypeOf(x));
    Val wide = LLVMBuildZExt(b->builder, x, ints, "");
    wide = LLVMBuildShl(b->builder, wide, int_const(b, ints, 16), "");
    return LLVMBuildBitCast(b->builder, wide, as_floats(b, LLVMTypeOf(x)), "");
}

// To nearest, ties to even; NaN stays NaN.
static Val narrow_bf16(Vb *b, Val x)
{
    Typ ints = as_ints(b, LLVMTypeOf(x)), halves = LLVMInt16TypeInContext(b->context);
    if (LLVMGetTypeKind(ints) == LLVMVectorTypeKind) {
        halves = LLVMVectorType(halves, LLVMGetVectorSize(ints));
    }
    Val bits = LLVMBuildBitCast(b->builder, x, ints, "");
    Val upper = LLVMBuildLShr(b->builder, bits, int_const(b, ints, 16), "");
    Val odd = LLVMBuildAnd(b->builder, upper, int_const(b, ints, 1), "");
    Val half = LLVMBuildAdd(b->builder, odd, int_const(b, ints, 0x7fff), "");
    Val rounded = LLVMBuildAdd(b->builder, bits, half, "");
    rounded = LLVMBuildLShr(b->builder, rounded, int_const(b, ints, 16), "");
    Val quiet = LLVMBuildOr(b->builder, upper, int_const(b, ints, 0x40), "");
    Val is_nan = LLVMBuildFCmp(b->builder, LLVMRealUNO, x, x, "");
    Val result = LLVMBuildSelect(b->builder, is_nan, quiet, rounded, "");
    return LLVMBuildTrunc(b->builder, result, halves, "");
}

static Val widen(Vb *b, Elem e, Val x)
{
    return e == ELEM_BF16 ? widen_bf16(b, x) : x;
}

static Val narrow(Vb *b, Elem e, Val x)
{
    return e == ELEM_BF16 ? narrow_bf16(b, x) : x;
}

Val access_round(Vb *b, Val x, Elem elem)
{
    return widen(b, elem, narrow(b, elem, x));
}

static Val load(Vb *b, Access a, uint32_t lanes, uint32_t align)
{
    Typ element = memory_type(b, a.elem);
    Typ type = lanes ? LLVMVectorType(element, lanes) : element;
    return widen(b, a.elem, vb_load_typed(b, type, a.at, align));
}

static Val store(Vb *b, Val x, Access a, uint32_t align)
{
    (void)memory_type(b, a.elem);
    Val store = LLVMBuildStore(b->builder, narrow(b, a.elem, x), a.at);
    LLVMSetAlignment(store, align);
    return store;
}

Val access_load(Vb *b, Access a)
{
    return load(b, a, b->width, b->width * elem_bytes(a.elem));
}

Val access_load_unaligned(Vb *b, Access a)
{
    return load(b, a, b->width, elem_bytes(a.elem));
}

Val access_load_scalar(Vb *b, Access a)
{
    return load(b, a, 0, elem_bytes(a.elem));
}

Val access_broadcast(Vb *b, Access a)
{
    return vb_splat(b, access_load_scalar(b, a));
}

static void expect_doubles(Access a)
{
    if (a.elem != ELEM_F64) {
        INTERNAL_ERROR("doubles of a tensor of %s", elem_name(a.elem));
    }
}

Val access_load_double(Vb *b, Access a)
{
    expect_doubles(a);
    return vb_load_typed(b, b->vec64, a.at, b->width * elem_bytes(ELEM_F32));
}

void access_store_double(Vb *b, Val x, Access a)
{
    expect_doubles(a);
    LLVMSetAlignment(LLVMBuildStore(b->builder, x, a.at), b->width * elem_bytes(ELEM_F32));
}

void access_store(Vb *b, Val x, Access a)
{
    store(b, x, a, b->width * elem_bytes(a.elem));
}

void access_store_unaligned(Vb *b, Val x, Access a)
{
    store(b, x, a, elem_bytes(a.elem));
}

void access_store_scalar(Vb *b, Val x, Access a)
{
    store(b, x, a, elem_bytes(a.elem));
}

void access_store_streaming(Vb *b, Val x, Access a)
{
    Val made = store(b, x, a, b->width * elem_bytes(a.elem));
    LLVMMetadataRef one = LLVMValueAsMetadata(LLVMConstInt(b->i32, 1, 0));
    LLVMMetadataRef node = LLVMMDNodeInContext2(b->context, &one, 1);
    unsigned kind = LLVMGetMDKindIDInContext(b->context, "nontemporal", strlen("nontemporal"));
    LLVMSetMetadata(made, kind, LLVMMetadataAsValue(b->context, node));
}

void access_fence(Vb *b)
{
    const TargetDef *t = b->target;
    if (!t->isa->store_fence) {
        return;
    }
    if (t->emulated) {
        LLVMBuildFence(b->builder, LLVMAtomicOrderingSequentiallyConsistent, 0, "");
    } else {
        t->isa->store_fence(b);
    }
}

// Parts of vectors

// Masks are of whole f32.
static bool is_masked(const Vb *b, Access a)
{
    return b->target->isa->has_masked_memory && !b->target->emulated && a.elem == ELEM_F32;
}

// The lanes of a shorter vector first and zeros behind; or the first ones of a longer vector.
static Val resize_vector(Vb *b, Val x, uint32_t from, uint32_t to)
{
    Val index[MAX_LANES];
    for (uint32_t i = 0; i < to; i++) {
        index[i] = LLVMConstInt(b->i32, i < from ? i : from, 0);
    }
    Val zeros = LLVMConstNull(LLVMTypeOf(x));
    return LLVMBuildShuffleVector(b->builder, x, zeros, LLVMConstVector(index, to), "");
}

static Val masked(Vb *b, const char *name, Val *args, uint32_t count)
{
    Typ types[2] = {b->vec, b->ptr};
    unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
    Val decl = LLVMGetIntrinsicDeclaration(b->module, id, types, 2);
    Typ type = LLVMIntrinsicGetType(b->context, id, types, 2);
    return LLVMBuildCall2(b->builder, type, decl, args, count, "");
}

Val access_load_lanes(Vb *b, Access a, uint32_t lanes)
{
    if (lanes >= b->width) {
        return access_load_unaligned(b, a);
    }
    Val align = LLVMConstInt(b->i32, elem_bytes(a.elem), 0);
    if (is_masked(b, a)) {
        Val args[4] = {a.at, align, vb_first_lanes(b, lanes), vb_zero(b)};
        return masked(b, "llvm.masked.load", args, 4);
    }
    return resize_vector(b, load(b, a, lanes, elem_bytes(a.elem)), lanes, b->width);
}

void access_store_lanes(Vb *b, Val x, Access a, uint32_t lanes)
{
    if (lanes >= b->width) {
        access_store_unaligned(b, x, a);
        return;
    }
    Val align = LLVMConstInt(b->i32, elem_bytes(a.elem), 0);
    if (is_masked(b, a)) {
        Val args[4] = {x, a.at, align, vb_first_lanes(b, lanes)};
        masked(b, "llvm.masked.store", args, 4);
        return;
    }
    store(b, resize_vector(b, x, b->width, lanes), a, elem_bytes(a.elem));
}

void access_prefetch(Vb *b, Val p)
{
    enum { READ = 0, INTO_L2 = 2, DATA = 1 };
    Val args[4] = {p, LLVMConstInt(b->i32, READ, 0), LLVMConstInt(b->i32, INTO_L2, 0),
                   LLVMConstInt(b->i32, DATA, 0)};
    vb_intrinsic(b, "llvm.prefetch", b->ptr, args, 4);
}
