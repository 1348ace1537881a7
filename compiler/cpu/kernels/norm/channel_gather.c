// channel_gather.c: copies channels from inputs to an output in any compile-time arrangement.
// Output blocks that are whole aligned blocks of one input, one behind the other, are copied in a
// loop; others are put together by shuffles, each in code of its own.
#include "cpu/kernels/norm/channel_gather.h"

#include "base/diag.h"

#define MAX_WIDTH 64

void plan_channel_gather(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    uint32_t width = ctx->target->vector_floats;
    const Value *output = n->outputs.at[0];
    const Shape *shape = &output->shape;
    int64_t blocks = div_up(shape_channels(shape), width);
    int64_t pixels = shape_height(shape) * shape_width(shape);
    double pixel_bytes = (double)elem_size(output->layout.elem, 2 * width); // read and written
    for (uint32_t i = 0; i < n->own_inputs; i++) {
        out->in_layout[i] = layout_blocked(width);
    }
    out->out_layout[0] = layout_blocked(width);
    SpatialPlan p = spatial_plan(ctx, blocks, pixels, pixel_bytes);
    spatial_fill(ctx, &p, 0, (double)(blocks * pixels) * pixel_bytes, out);
}

typedef struct Gather {
    Emit *e;
    const ChannelSource *source; // padded to whole blocks with zeros
    int64_t blocks, pixels;
    uint32_t width;
    SpatialTask *task;
    Val image;
} Gather;

// The input whose aligned block is exactly output block `block`, and that block's number; or -1.
// The pad lanes of an input's last block are zero, as are those of the output.
static int32_t whole_block(const Gather *g, int64_t block, int64_t *from)
{
    const ChannelSource *s = &g->source[block * g->width];
    if (s[0].input < 0 || s[0].channel % (int32_t)g->width != 0) {
        return -1;
    }
    int64_t c = shape_channels(&g->e->node->inputs.at[s[0].input]->shape);
    for (uint32_t l = 0; l < g->width; l++) {
        bool exists = s[0].channel + (int64_t)l < c;
        bool same = s[l].input == s[0].input && s[l].channel == s[0].channel + (int32_t)l;
        if (exists ? !same : s[l].input >= 0) {
            return -1;
        }
    }
    *from = s[0].channel / (int32_t)g->width;
    return s[0].input;
}

static bool zero_block(const Gather *g, int64_t block)
{
    for (uint32_t l = 0; l < g->width; l++) {
        if (g->source[block * g->width + l].input >= 0) {
            return false;
        }
    }
    return true;
}

// Lanes of one input's block that belong in the output block, over what is there already.
static Val merge(Gather *g, Val into, Val from, int64_t block, int32_t input, int64_t from_block)
{
    Vb *b = g->e->vb;
    Val index[MAX_WIDTH];
    for (uint32_t l = 0; l < g->width; l++) {
        const ChannelSource *s = &g->source[block * g->width + l];
        bool ours = s->input == input && s->channel / (int32_t)g->width == from_block;
        uint32_t lane = ours ? (uint32_t)s->channel % g->width : g->width + l;
        index[l] = LLVMConstInt(b->i32, lane, 0);
    }
    return LLVMBuildShuffleVector(b->builder, from, into, LLVMConstVector(index, g->width), "");
}

static Val load_block(Gather *g, int32_t input, Val block, Val pixel)
{
    Vb *b = g->e->vb;
    Val plane = plane_offset(g->e, g->e->node->inputs.at[input], g->image, block);
    Access from = emit_input(g->e, (uint32_t)input);
    Val at = vb_add(b, plane, vb_muli(b, pixel, access_bytes(from, b->width)));
    return access_load(b, access_at(b, from, at));
}

// The output vector of a block that needs putting together.
static Val build_block(Gather *g, int64_t block, Val pixel)
{
    Val out = vb_zero(g->e->vb);
    for (uint32_t l = 0; l < g->width; l++) {
        const ChannelSource *s = &g->source[block * g->width + l];
        if (s->input < 0) {
            continue;
        }
        int64_t from_block = s->channel / (int32_t)g->width;
        bool first = true;
        for (uint32_t k = 0; k < l; k++) {
            const ChannelSource *t = &g->source[block * g->width + k];
            first =
                first && !(t->input == s->input && t->channel / (int32_t)g->width == from_block);
        }
        if (first) {
            Val from = load_block(g, s->input, vb_int(g->e->vb, from_block), pixel);
            out = merge(g, out, from, block, s->input, from_block);
        }
    }
    return out;
}

// Output blocks [begin, end) of the task's, all of one kind. input: -1: build or zero.
static void emit_blocks(Gather *g, int64_t begin, int64_t end, int32_t input, int64_t from)
{
    Vb *b = g->e->vb;
    Val lo = vb_max(b, g->task->block_lo, vb_int(b, begin));
    Val hi = vb_min(b, g->task->block_hi, vb_int(b, end));
    VbLoop blocks = vb_for(b, lo, hi, 1, NULL, 0);
    VbLoop pixels = vb_loop(b, g->task->row_lo, g->task->row_hi, 1, NULL, 0);
    Val x;
    if (input >= 0) {
        x = load_block(g, input, vb_addi(b, blocks.index, from - begin), pixels.index);
    } else {
        x = zero_block(g, begin) ? vb_zero(b) : build_block(g, begin, pixels.index);
    }
    Val plane = plane_offset(g->e, g->e->node->outputs.at[0], g->image, blocks.index);
    Access to = emit_output(g->e, 0);
    Val at = vb_add(b, plane, vb_muli(b, pixels.index, access_bytes(to, b->width)));
    access_store(b, x, access_at(b, to, at));
    vb_loop_end(b, &pixels, NULL);
    vb_for_end(b, &blocks, NULL);
}

// End of the run of blocks that begins at `block` and can share code.
static int64_t run_end(const Gather *g, int64_t block, int32_t input, int64_t from)
{
    int64_t end = block + 1;
    bool zero = zero_block(g, block);
    for (; end < g->blocks; end++) {
        int64_t next_from = 0;
        int32_t next = whole_block(g, end, &next_from);
        bool follows = input >= 0 ? next == input && next_from == from + (end - block)
                                  : zero && zero_block(g, end);
        if (!follows) {
            break;
        }
    }
    return end;
}

void emit_channel_gather(Emit *e, const ChannelSource *source)
{
    const Shape *shape = &e->node->outputs.at[0]->shape;
    uint32_t width = e->vb->width;
    int64_t c = shape_channels(shape);
    Gather g = {.e = e, .width = width, .blocks = div_up(c, width)};
    ChannelSource *padded = ARENA_ARRAY(e->vb->arena, ChannelSource, g.blocks * width);
    for (int64_t i = 0; i < g.blocks * width; i++) {
        padded[i] = i < c ? source[i] : (ChannelSource){-1, 0};
    }
    g.source = padded;
    SpatialTask task = spatial_task(e);
    g.task = &task;
    VbLoop images = vb_loop(e->vb, task.image_lo, task.image_hi, 1, NULL, 0);
    g.image = images.index;
    for (int64_t block = 0; block < g.blocks;) {
        int64_t from = 0;
        int32_t input = whole_block(&g, block, &from);
        int64_t end = run_end(&g, block, input, from);
        emit_blocks(&g, block, end, input, from);
        block = end;
    }
    vb_loop_end(e->vb, &images, NULL);
    spatial_task_end(e, &task);
}
