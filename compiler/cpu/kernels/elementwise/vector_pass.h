// vector_pass.h: kernels on channel vectors [c]: a task is a few blocks of V channels. The last
// block may be short; padded vectors are whole there, plain ones (parameters, state) are not.
#ifndef CPU_KERNELS_ELEMENTWISE_VECTOR_PASS_H
#define CPU_KERNELS_ELEMENTWISE_VECTOR_PASS_H

#include "cpu/kernel.h"

/// Plans one pass over c channels; bytes: read and written per channel.
void plan_vector_pass(const PlanCtx *ctx, int64_t c, double bytes, Lowering *out);

/// Where the body stands: block number and byte offset of its first channel in a vector of f32;
/// `lanes` of its channels exist.
typedef struct VectorPlace {
    Val block, offset;
    uint32_t lanes;
} VectorPlace;
typedef void (*VectorBody)(Emit *e, const VectorPlace *at);
void emit_vector_pass(Emit *e, int64_t c, VectorBody body);

/// Reads or writes a plain or padded vector at this place; absent lanes read as zero. Pads of
/// padded vectors are stored as zero.
Val load_channels(Emit *e, const Value *v, Access from, const VectorPlace *at);
void store_channels(Emit *e, const Value *v, Access to, const VectorPlace *at, Val x);

/// Node input / output i at this place, in double.
Val load_input64(Emit *e, uint32_t i, const VectorPlace *at);
void store_output64(Emit *e, uint32_t i, const VectorPlace *at, Val x);
/// Layout in which a vector kernel reads input i: parameters and state as they stand, others
/// padded.
Layout vector_input_layout(const PlanCtx *ctx, const Node *n, uint32_t i, int64_t c);

/// How many parts partial sums have; where row `term` of a part stands, and what it holds, in
/// double.
Val part_count(Emit *e, const Value *v);
Access part_row(Emit *e, uint32_t input, Val part, uint32_t term, const VectorPlace *at);
Val load_part(Emit *e, uint32_t input, Val part, uint32_t term, const VectorPlace *at);
/// Sums row `term` of all partial sums of input `input`, in order, in double.
Val sum_parts(Emit *e, uint32_t input, uint32_t term, const VectorPlace *at);

#endif
