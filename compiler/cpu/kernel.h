// kernel.h: the record of an algorithm and what it sees while it plans and emits. One algorithm per
// file in kernels/; selection asks all records that serve the node's operator and takes the
// cheapest.
#ifndef CPU_KERNEL_H
#define CPU_KERNEL_H

#include "cpu/access.h"
#include "cpu/dot.h"
#include "cpu/kernel_options.h"
#include "cpu/target.h"
#include "cpu/vb.h"
#include "ir/graph.h"
#include "ir/lowering.h"
#include "ir/opdef.h"

struct KernelDef;

typedef struct PlanCtx {
    Arena *arena;
    const struct KernelDef *kernel; // the one that is asked
    const TargetDef *target;
    const KernelOptions *options;
    uint32_t plan_batch;
    bool training; // the plan is a training step's
} PlanCtx;

/// While a kernel function is emitted: its arguments, one ptr per node input and output (after
/// fusion).
typedef struct Emit {
    Vb *vb;
    const Node *node;
    const Lowering *lowering;
    Val *in;  // node->inputs.count pointers
    Val *out; // node->outputs.count pointers
    Val batch, task_lo, task_hi, scratch, call;
    Val *held;    // per node input: value loaded once by emit_hold, else NULL
    Val centre;   // of the sums that are being taken, where they have one
    bool streams; // output 0 is stored around the caches
} Emit;

typedef struct KernelDef {
    const char *name; // "direct", "winograd_4x4"
    const char *op;   // name of the operator that it serves
    const char *doc;  // one line; derivation and paper stand in the file's head
    bool takes_store, takes_sides;
    bool streams; // stores output 0 by emit_store_output
    int tile[2];  // Winograd: outputs of a tile, rows x columns
    int stride;   // Winograd: of the convolutions that it serves
    /// Fills `out` (layouts, tasks, scratch, tiles, costs) or returns why it cannot serve this
    /// node.
    const char *(*plan)(const PlanCtx *ctx, const Node *node, Lowering *out);
    /// Emits the function's body; the builder stands at its entry; ends with no terminator (the
    /// caller adds the return). Emits the loop over tasks itself with emit_tasks.
    void (*emit)(Emit *e);
} KernelDef;

extern const KernelDef *const kernel_table[];
extern const size_t kernel_table_count;

/// Input and output i of the node, and the thread's scratch, which is f32.
Access emit_input(const Emit *e, uint32_t i);
Access emit_output(const Emit *e, uint32_t i);
Access emit_scratch(const Emit *e);
/// acc + w * x in every lane: the product of the instruction set.
static inline Val emit_dot(Vb *b, Val acc, Val w, Val x)
{
    return b->target->isa->dot->emit(b, acc, w, x);
}

/// for (task = task_lo; task < task_hi; task++) { ... }, possibly no trip.
typedef struct TaskLoop {
    VbIf guard;
    VbLoop loop;
} TaskLoop;
TaskLoop emit_tasks(Emit *e, Val *task);
void emit_tasks_end(Emit *e, TaskLoop *t);

/// What task t of mul * ceil(batch / div) works on: t % mul of images [image_lo, image_hi). With
/// tasks_div RN_DIV_ALL the images are [0, batch).
typedef struct TaskSlice {
    Val part;
    Val image_lo, image_hi;
} TaskSlice;
TaskSlice emit_slice(Emit *e, Val task);

/// The type of the elements whose bytes ExprPlace.offset counts.
Elem emit_place_elem(const Emit *e);

/// Where an expression stands: image n, channel block cb (block of V channels), and the byte offset
/// of the vector inside a full [N][cb][h][w][V] tensor: that of output 0, or of a reduction's first
/// input. Operands of the same shape lie at as many elements.
typedef struct ExprPlace {
    Val image, block;     // i64
    Val offset;           // i64 bytes; includes image and block
    int64_t offset_const; // added to offset at compile time
    uint32_t lane;        // first channel of the vector inside its block (narrow vectors), else 0
} ExprPlace;

/// Applies node->store to the kernel's raw result (identity if none), rounds it to what output 0
/// stores, so that sums are those of what is stored, then zeroes the pad lanes where the expression
/// could have filled them (block is compared with the last one at run time).
/// raw is NULL where all comes from memory (the map operator).
Val emit_store_expr(Emit *e, Val raw, const ExprPlace *at);
/// Stores a vector of output 0 at its place; around the caches if e->streams.
void emit_store_output(Emit *e, Val x, const ExprPlace *at);
/// The terms of side s for the stored vector.
uint32_t emit_side_terms(Emit *e, uint32_t side, Val stored, const ExprPlace *at, Val term[2]);
/// Partial sums of all sides (side_sums.c): where they stand, and what is kept of them in registers
/// while vectors are stored, emit_sum_count values: all sides' sums in a row, then, if a side is
/// centred, the part's centre and count.
#define EMIT_MAX_SUMS (NODE_MAX_SIDES * 2 + 2)
typedef struct SumPlace {
    Val part, block; // block: of V channels of output 0
} SumPlace;
uint32_t emit_sum_count(const Node *n);
void emit_clear_sums(Emit *e, const SumPlace *at);
/// Begins: sums are NULL, nothing yet; centre and count are those of the part so far.
void emit_open_sums(Emit *e, const SumPlace *at, Val sum[EMIT_MAX_SUMS]);
/// So many vectors of the part come, `first` the first of them: the centre if the part has none.
void emit_count_sums(Emit *e, Val first, int64_t count, Val sum[EMIT_MAX_SUMS]);
/// Adds the terms of a stored vector to sum[].
void emit_add_sums(Emit *e, Val stored, const ExprPlace *at, Val sum[EMIT_MAX_SUMS]);
/// A part of what is summed, for shorter chains of additions: it begins with the centre and count
/// of sum[]; joined, it adds its sums and hands these back.
void emit_split_sums(Emit *e, const Val *sum, Val part[EMIT_MAX_SUMS]);
void emit_join_sums(Emit *e, const Val *part, Val sum[EMIT_MAX_SUMS]);
/// Adds the sums to those in memory, in double; centre and count replace those in memory.
void emit_flush_sums(Emit *e, const SumPlace *at, const Val *sum);
/// Byte offset in partial sums of row `term` of a part and block of channels.
Val emit_partial_at(Emit *e, const Value *partials, uint32_t term, const SumPlace *at);
/// The centre's row: V floats of the centre, V floats of the count of elements.
void emit_store_centre(Emit *e, Val centre, Val count, Access row);
/// Loads node input i as the expression reads it at this place (by its shape, see Expr).
Val emit_operand(Emit *e, uint32_t input, const ExprPlace *at);
/// Loads the operands that do not depend on the pixel ([c], [N,c], [N], [1]) once, before a loop
/// over the pixels of this image and block; emit_release ends it.
void emit_hold(Emit *e, const ExprPlace *at);
void emit_release(Emit *e);

// Geometry shared by kernels.
int64_t channel_blocks(const Value *v, uint32_t width); // ceil(c / V)
int64_t image_bytes(const Value *v);                    // per image, in its layout
static inline int64_t div_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}
static inline int64_t round_up(int64_t x, int64_t to)
{
    return div_up(x, to) * to;
}
/// The usual packing of a [c] vector to a multiple of V, and the blocked activation layout.
Layout layout_padded_vector(Arena *a, int64_t c, uint32_t width);
Layout layout_blocked(uint32_t block);
Layout layout_plain(void);
/// Layout of partial sums [terms,c].
Layout layout_partials(uint32_t width);
/// A first estimate: ns that `bytes` of memory traffic and `flops` take on one thread of this
/// target.
double cost_ns(const TargetDef *t, double flops, double bytes);

#endif
