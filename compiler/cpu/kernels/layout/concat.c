// concat.c: concat, slice_channels and pad_channels: arrangements of channels.
#include "cpu/kernels/norm/channel_gather.h"
#include "ops/join/channel_attrs.h"

static const char *gather_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    plan_channel_gather(ctx, n, out);
    return NULL;
}

static ChannelSource *sources(Emit *e)
{
    int64_t c = shape_channels(&e->node->outputs.at[0]->shape);
    return ARENA_ARRAY(e->vb->arena, ChannelSource, c);
}

static void concat_emit(Emit *e)
{
    ChannelSource *source = sources(e);
    int64_t next = 0;
    for (uint32_t i = 0; i < e->node->own_inputs; i++) {
        int64_t c = shape_channels(&e->node->inputs.at[i]->shape);
        for (int64_t k = 0; k < c; k++) {
            source[next++] = (ChannelSource){(int32_t)i, (int32_t)k};
        }
    }
    emit_channel_gather(e, source);
}

static void slice_emit(Emit *e)
{
    const SliceAttrs *a = e->node->attrs;
    ChannelSource *source = sources(e);
    for (int64_t k = 0; k < a->count; k++) {
        source[k] = (ChannelSource){0, (int32_t)(a->begin + k)};
    }
    emit_channel_gather(e, source);
}

static void pad_emit(Emit *e)
{
    const PadChannelsAttrs *a = e->node->attrs;
    ChannelSource *source = sources(e);
    int64_t c = shape_channels(&e->node->inputs.at[0]->shape);
    for (int64_t k = 0; k < a->before + c + a->after; k++) {
        bool inside = k >= a->before && k < a->before + c;
        source[k] = inside ? (ChannelSource){0, (int32_t)(k - a->before)} : (ChannelSource){-1, 0};
    }
    emit_channel_gather(e, source);
}

#define DOC "whole blocks copied, others shuffled together"

const KernelDef kernel_concat = {
    .name = "gather",
    .op = "concat",
    .doc = DOC,
    .plan = gather_plan,
    .emit = concat_emit,
};

const KernelDef kernel_slice_channels = {
    .name = "gather",
    .op = "slice_channels",
    .doc = DOC,
    .plan = gather_plan,
    .emit = slice_emit,
};

const KernelDef kernel_pad_channels = {
    .name = "gather",
    .op = "pad_channels",
    .doc = DOC,
    .plan = gather_plan,
    .emit = pad_emit,
};
