// relayout.c: to_plain and to_blocked: activations between [n][c][h][w] and
// [n][ceil(c/block)][h][w][block] (pads zero).
#include "cpu/kernels/pool/spatial.h"
#include "ops/layout/layout_attrs.h"

static void plan_relayout(const PlanCtx *ctx, const Value *output, uint32_t block, Lowering *out)
{
    const Shape *shape = &output->shape;
    double pixel_bytes = (double)elem_size(output->layout.elem, 2 * block); // read and written
    int64_t blocks = div_up(shape_channels(shape), block);
    int64_t pixels = shape_height(shape) * shape_width(shape);
    SpatialPlan p = spatial_plan(ctx, blocks, pixels, pixel_bytes);
    double vectors = (double)(blocks * pixels);
    spatial_fill(ctx, &p, vectors * block, vectors * pixel_bytes, out);
}

static const char *to_plain_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    const Layout *in = &n->inputs.at[0]->layout;
    uint32_t block = in->kind == LAYOUT_BLOCKED ? in->block : ctx->target->vector_floats;
    out->in_layout[0] = layout_blocked(block);
    out->out_layout[0] = layout_plain();
    plan_relayout(ctx, n->outputs.at[0], block, out);
    return NULL;
}

static const char *to_blocked_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    const BlockAttrs *a = n->attrs;
    out->in_layout[0] = layout_plain();
    out->out_layout[0] = layout_blocked((uint32_t)a->block);
    plan_relayout(ctx, n->outputs.at[0], (uint32_t)a->block, out);
    return NULL;
}

// Block `block` of an image: pixels [lo, hi), `lanes` channels of which exist.
typedef struct Piece {
    int64_t pixels, block; // of a plane, in a block
    uint32_t lanes;
    Access plain, blocked; // at the block's first element
    Val lo, hi;
} Piece;
typedef void (*PieceBody)(Emit *e, const Piece *p);

static void to_plain_piece(Emit *e, const Piece *p)
{
    Vb *b = e->vb;
    VbLoop loop = vb_loop(b, p->lo, p->hi, 1, NULL, 0);
    Access from = access_index(b, p->blocked, loop.index, p->block);
    Access to = access_index(b, p->plain, loop.index, 1);
    for (uint32_t l = 0; l < p->lanes; l++) {
        Val x = access_load_scalar(b, access_ati(b, from, access_bytes(from, l)));
        access_store_scalar(b, x, access_ati(b, to, access_bytes(to, l * p->pixels)));
    }
    vb_loop_end(b, &loop, NULL);
}

static void to_blocked_piece(Emit *e, const Piece *p)
{
    Vb *b = e->vb;
    VbLoop loop = vb_loop(b, p->lo, p->hi, 1, NULL, 0);
    Access to = access_index(b, p->blocked, loop.index, p->block);
    Access from = access_index(b, p->plain, loop.index, 1);
    for (uint32_t l = 0; l < p->block; l++) {
        Val x = vb_number(b, 0);
        if (l < p->lanes) {
            x = access_load_scalar(b, access_ati(b, from, access_bytes(from, l * p->pixels)));
        }
        access_store_scalar(b, x, access_ati(b, to, access_bytes(to, l)));
    }
    vb_loop_end(b, &loop, NULL);
}

// Calls body for whole blocks in a loop, then for a short last one.
static void emit_pieces(Emit *e, const Shape *shape, int64_t block, Access plain, Access blocked,
                        PieceBody body)
{
    Vb *b = e->vb;
    int64_t c = shape_channels(shape), pixels = shape_height(shape) * shape_width(shape);
    int64_t full = c / block, all = div_up(c, block);
    SpatialTask t = spatial_task(e);
    VbLoop images = vb_loop(b, t.image_lo, t.image_hi, 1, NULL, 0);
    Access plain_image = access_index(b, plain, images.index, c * pixels);
    Access blocked_image = access_index(b, blocked, images.index, all * block * pixels);
    VbLoop blocks = vb_for(b, t.block_lo, vb_min(b, t.block_hi, vb_int(b, full)), 1, NULL, 0);
    Val offset = vb_muli(b, blocks.index, access_bytes(plain, block * pixels));
    Piece p = {
        .pixels = pixels, .block = block, .lanes = (uint32_t)block, .lo = t.row_lo, .hi = t.row_hi};
    p.plain = access_at(b, plain_image, offset);
    offset = access_rescale(b, offset, plain.elem, blocked.elem);
    p.blocked = access_at(b, blocked_image, offset);
    body(e, &p);
    vb_for_end(b, &blocks, NULL);
    if (full < all) {
        VbIf last = vb_if(b, vb_icmp(b, LLVMIntSGT, t.block_hi, vb_int(b, full)));
        p.lanes = (uint32_t)(c - full * block);
        p.plain = access_ati(b, plain_image, access_bytes(plain, full * block * pixels));
        p.blocked = access_ati(b, blocked_image, access_bytes(blocked, full * block * pixels));
        body(e, &p);
        vb_if_end(b, &last);
    }
    vb_loop_end(b, &images, NULL);
    spatial_task_end(e, &t);
}

static void to_plain_emit(Emit *e)
{
    const Value *in = e->node->inputs.at[0];
    emit_pieces(e, &in->shape, in->layout.block, emit_output(e, 0), emit_input(e, 0),
                to_plain_piece);
}

static void to_blocked_emit(Emit *e)
{
    const Value *out = e->node->outputs.at[0];
    emit_pieces(e, &out->shape, out->layout.block, emit_input(e, 0), emit_output(e, 0),
                to_blocked_piece);
}

const KernelDef kernel_to_plain = {
    .name = "scalar",
    .op = "to_plain",
    .doc = "pixel by pixel",
    .plan = to_plain_plan,
    .emit = to_plain_emit,
};

const KernelDef kernel_to_blocked = {
    .name = "scalar",
    .op = "to_blocked",
    .doc = "pixel by pixel",
    .plan = to_blocked_plan,
    .emit = to_blocked_emit,
};
