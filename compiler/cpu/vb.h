// vb.h: the vector builder: a thin layer over the LLVM C API in which kernels are written. Works
// for any vector width. Loops carry their values in phis, addresses are byte offsets, no allocas.
// Not here: what a kernel computes (kernels/), modules and steps (emit.h).
#ifndef CPU_VB_H
#define CPU_VB_H

#include <llvm-c/Core.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "cpu/target.h"
#include "ir/scalar.h"

typedef LLVMValueRef Val;
typedef LLVMTypeRef Typ;

typedef struct Vb {
    ScalarBuilder scalar; // first: elementwise operators emit vectors through &vb->scalar
    const TargetDef *target;
    Arena *arena;
    LLVMContextRef context;
    LLVMModuleRef module;
    LLVMBuilderRef builder;
    Val function;                             // being emitted
    Typ f32, f64, i1, i8, i32, i64, ptr, vec; // vec = <V x float>
    Typ vec64;                                // <V x double>
    uint32_t width;                           // V, of this builder's vectors
    Val fma_decl;                             // llvm.fma on vec, once used
} Vb;

/// A builder of vectors as wide as the target's. The LLVM objects are borrowed; the caller sets
/// `function` and positions `builder`.
void vb_init(Vb *b, Arena *arena, const TargetDef *target, LLVMContextRef context,
             LLVMModuleRef module, LLVMBuilderRef builder);
/// Part of vb_init: fills b->scalar (vb_math.c).
void vb_math_init(Vb *b);
/// The same builder with narrower (or wider) vectors, for tails: both emit into one function.
Vb vb_with_width(const Vb *b, uint32_t width);
/// A call of an intrinsic overloaded on `overload` (NULL: not overloaded).
Val vb_intrinsic(Vb *b, const char *name, Typ overload, const Val *args, uint32_t count);
LLVMBasicBlockRef vb_block(Vb *b, const char *name); // appended to the function, not entered

// Integers: i64 unless said.
Val vb_int(Vb *b, int64_t x);
Val vb_add(Vb *b, Val x, Val y);
Val vb_sub(Vb *b, Val x, Val y);
Val vb_mul(Vb *b, Val x, Val y);
Val vb_muli(Vb *b, Val x, int64_t y); // folds 0, 1 and constants
Val vb_addi(Vb *b, Val x, int64_t y);
Val vb_divi(Vb *b, Val x, int64_t y); // unsigned, x >= 0
Val vb_remi(Vb *b, Val x, int64_t y);
Val vb_min(Vb *b, Val x, Val y); // signed
Val vb_max(Vb *b, Val x, Val y);
Val vb_icmp(Vb *b, LLVMIntPredicate p, Val x, Val y);
Val vb_select(Vb *b, Val cond, Val t, Val f);

// Memory: pointers with byte offsets. align in bytes; element accesses are 4-byte aligned.
/// The sum may lie outside of what p points into (prefetches past the end, rows above a picture):
/// it is no `inbounds` address, so LLVM infers nothing from it.
Val vb_at(Vb *b, Val p, Val byte_offset);
Val vb_ati(Vb *b, Val p, int64_t byte_offset);
Val vb_load(Vb *b, Val p);           // V floats, V*4-aligned
Val vb_load_unaligned(Vb *b, Val p); // V floats, 4-aligned
Val vb_load_scalar(Vb *b, Val p);    // float
Val vb_load_typed(Vb *b, Typ t, Val p, uint32_t align);
Val vb_broadcast(Vb *b, Val p); // load a float into all lanes
void vb_store(Vb *b, Val x, Val p);
void vb_store_unaligned(Vb *b, Val x, Val p);
void vb_store_scalar(Vb *b, Val x, Val p);
/// First `lanes` (compile-time) lanes only; the rest of memory is not touched.
Val vb_load_lanes(Vb *b, Val p, uint32_t lanes); // other lanes zero
void vb_store_lanes(Vb *b, Val x, Val p, uint32_t lanes);
#define VB_CACHE_LINE 64
/// Locality: 3 is L1, 2 is L2.
#define VB_PREFETCH_L2 2
void vb_prefetch(Vb *b, Val p, bool write, int locality);

// Vectors.
Val vb_zero(Vb *b);
Val vb_const(Vb *b, double x);
Val vb_number(Vb *b, double x); // one f32
Val vb_splat(Vb *b, Val scalar);
Val vb_from_int(Vb *b, Val x); // an i64 as f32 in every lane
Val vb_fadd(Vb *b, Val x, Val y);
Val vb_fsub(Vb *b, Val x, Val y);
Val vb_fmul(Vb *b, Val x, Val y);
Val vb_fma(Vb *b, Val x, Val y, Val z); // x*y+z; mul + add where the target has no FMA
/// <V x i1>: true in the first lanes.
Val vb_first_lanes(Vb *b, uint32_t lanes);
/// Lanes at and past `lanes` become zero.
Val vb_keep_lanes(Vb *b, Val x, uint32_t lanes);
Val vb_shuffle(Vb *b, Val x, const uint32_t *mask); // V lanes
/// Lane l is lane mask[l] of x, or lane mask[l] - V of y.
Val vb_shuffle2(Vb *b, Val x, Val y, const uint32_t *mask);
/// The same with indices of run time (<V x i32>, below 2 V), where the target can.
bool vb_can_permute2(const TargetDef *target);
int vb_permute2_ops(const TargetDef *target); // instructions that it takes
Val vb_permute2(Vb *b, Val x, Val y, Val index);
/// <V x i32>: 0, 1, 2, ...
Val vb_lane_numbers(Vb *b);
Val vb_reduce_add(Vb *b, Val x); // float, fixed order
Val vb_reduce_max(Vb *b, Val x); // float; NaN lanes lose
/// Lanes at and past `count` (run-time i64) become zero.
Val vb_keep_first(Vb *b, Val x, Val count);
/// <V x i1>: lane index < count (run-time i64).
Val vb_lane_mask(Vb *b, Val count);
Val vb_fdiv(Vb *b, Val x, Val y);
Val vb_sqrt(Vb *b, Val x);       // float or double, scalar or vector
Val vb_exp(Vb *b, Val x);        // vec; within 2 ulp; exp(-inf) = 0, overflow inf, NaN stays
Val vb_log(Vb *b, Val x);        // vec; within 2 ulp; log(0) = -inf, negative: NaN
Val vb_widen(Vb *b, Val x);      // vec -> vec64
Val vb_narrow(Vb *b, Val x);     // vec64 -> vec
Val vb_const64(Vb *b, double x); // vec64

// Control. A loop is do-while: callers guarantee at least one trip (or use vb_if around it).
#define VB_MAX_CARRIED 64
typedef struct VbLoop {
    LLVMBasicBlockRef head, after; // after: vb_for only
    Val index;                     // i64
    Val carried[VB_MAX_CARRIED];   // this iteration's values
    uint32_t count;
    Val hi;
    int64_t step;
} VbLoop;
VbLoop vb_loop(Vb *b, Val lo, Val hi, int64_t step, const Val *init, uint32_t count);
/// next: count values for the following iteration. After it, the builder stands behind the loop and
/// next[] are the loop's results.
void vb_loop_end(Vb *b, VbLoop *loop, const Val *next);

/// The same with the test at the top: no trip if lo >= hi. After vb_for_end loop->carried[] and
/// loop->index are the results.
VbLoop vb_for(Vb *b, Val lo, Val hi, int64_t step, const Val *init, uint32_t count);
void vb_for_end(Vb *b, VbLoop *loop, const Val *next);

/// if (cond) { then }: everything emitted between begin and end.
typedef struct VbIf {
    LLVMBasicBlockRef then_block, join;
} VbIf;
VbIf vb_if(Vb *b, Val cond);
void vb_if_end(Vb *b, VbIf *f);

#endif
