// drop_mask.c: masks of dropout and stochastic depth. Emits the arithmetic of ops/drop_hash.h:
// 64-bit scalars per image, 32-bit lanes per element.
#include "ops/drop/drop_hash.h"

#include <stddef.h>

#include "cpu/kernels/softmax/row.h"
#include "cpu/kernels/pool/spatial.h"
#include "ops/drop/drop_attrs.h"

static Val xor_shift(Vb *b, Val x, Val bits)
{
    return LLVMBuildXor(b->builder, x, LLVMBuildLShr(b->builder, x, bits, ""), "");
}

static Val wrap_mul(Vb *b, Val x, Val y)
{
    return LLVMBuildMul(b->builder, x, y, "");
}

static Val const64(Vb *b, uint64_t x)
{
    return LLVMConstInt(b->i64, x, 0);
}

static Val const32(Vb *b, uint32_t x)
{
    return vb_splat(b, LLVMConstInt(b->i32, x, 0));
}

static Val mix(Vb *b, Val x)
{
    x = wrap_mul(b, xor_shift(b, x, const64(b, 30)), const64(b, UINT64_C(0xBF58476D1CE4E5B9)));
    x = wrap_mul(b, xor_shift(b, x, const64(b, 27)), const64(b, UINT64_C(0x94D049BB133111EB)));
    return xor_shift(b, x, const64(b, 31));
}

static Val call_u64(Emit *e, size_t offset)
{
    Vb *b = e->vb;
    return vb_load_typed(b, b->i64, vb_ati(b, e->call, (int64_t)offset), 8);
}

static Val image_key(Emit *e, Val image)
{
    Vb *b = e->vb;
    const DropAttrs *a = e->node->attrs;
    uint64_t salt = (uint64_t)a->salt * UINT64_C(0x9E3779B97F4A7C15);
    Val seed = call_u64(e, offsetof(RnCall, seed));
    Val key = mix(b, LLVMBuildAdd(b->builder, seed, const64(b, salt), ""));
    key = mix(b, LLVMBuildAdd(b->builder, key, call_u64(e, offsetof(RnCall, step)), ""));
    Val index = LLVMBuildAdd(b->builder, image, call_u64(e, offsetof(RnCall, first_image)), "");
    return mix(b, LLVMBuildAdd(b->builder, key, index, ""));
}

static Val high_half(Vb *b, Val key)
{
    Val high = LLVMBuildLShr(b->builder, key, const64(b, 32), "");
    return LLVMBuildTrunc(b->builder, high, b->i32, "");
}

// element: <V x i32>
static Val element_bits(Vb *b, Val key, Val element)
{
    Val low = vb_splat(b, LLVMBuildTrunc(b->builder, key, b->i32, ""));
    Val x = LLVMBuildXor(b->builder, element, low, "");
    for (int round = 0; round < 2; round++) {
        x = wrap_mul(b, xor_shift(b, x, const32(b, 16)), const32(b, UINT32_C(0x7FEB352D)));
        x = wrap_mul(b, xor_shift(b, x, const32(b, 15)), const32(b, UINT32_C(0x846CA68B)));
        x = xor_shift(b, x, const32(b, 16));
        if (round == 0) {
            x = LLVMBuildAdd(b->builder, x, vb_splat(b, high_half(b, key)), "");
        }
    }
    return x;
}

// bits >= threshold ? 1/(1-p) : 0, on lanes or a number
static Val kept(Emit *e, Val bits, Val threshold, Val factor)
{
    Vb *b = e->vb;
    Val keep = vb_icmp(b, LLVMIntUGE, bits, threshold);
    return vb_select(b, keep, factor, LLVMConstNull(LLVMTypeOf(factor)));
}

static const char *mask_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    uint32_t width = ctx->target->vector_floats;
    const Shape *shape = &n->outputs.at[0]->shape;
    int64_t blocks = div_up(shape_channels(shape), width);
    int64_t pixels = shape_height(shape) * shape_width(shape);
    out->in_layout[0] = n->inputs.at[0]->layout; // only its shape matters
    out->out_layout[0] = layout_blocked(width);
    SpatialPlan p = spatial_plan(ctx, blocks, pixels, (double)elem_size(ELEM_F32, width));
    double elements = (double)(blocks * pixels * width);
    spatial_fill(ctx, &p, elements * 12, elements * elem_bytes(ELEM_F32), out);
    return NULL;
}

static void mask_emit(Emit *e)
{
    Vb *b = e->vb;
    const DropAttrs *a = e->node->attrs;
    const Value *out = e->node->outputs.at[0];
    int64_t pixels = shape_height(&out->shape) * shape_width(&out->shape);
    int64_t c = shape_channels(&out->shape);
    SpatialWalk w = spatial_walk(e);
    Val key = image_key(e, w.image);
    Val lane[64];
    for (uint32_t i = 0; i < b->width; i++) {
        lane[i] = LLVMConstInt(b->i32, i * (uint64_t)pixels & UINT32_MAX, 0);
    }
    Val lanes = LLVMConstVector(lane, b->width);
    Val plane = plane_offset(e, out, w.image, w.block);
    Val left = vb_sub(b, vb_int(b, c), vb_muli(b, w.block, b->width));
    VbLoop loop = vb_loop(b, w.task.row_lo, w.task.row_hi, 1, NULL, 0);
    Val first = vb_add(b, vb_muli(b, w.block, b->width * pixels), loop.index);
    Val first32 = vb_splat(b, LLVMBuildTrunc(b->builder, first, b->i32, ""));
    Val bits = element_bits(b, key, LLVMBuildAdd(b->builder, first32, lanes, ""));
    Val x = kept(e, bits, const32(b, drop_threshold(a->p)), vb_const(b, 1.0 / (1.0 - a->p)));
    x = c % b->width == 0 ? x : vb_keep_first(b, x, left);
    Access to = emit_output(e, 0);
    Val at = vb_add(b, plane, vb_muli(b, loop.index, access_bytes(to, b->width)));
    access_store(b, x, access_at(b, to, at));
    vb_loop_end(b, &loop, NULL);
    spatial_walk_end(e, &w);
}

static const char *path_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    out->in_layout[0] = n->inputs.at[0]->layout; // only its shape matters
    out->out_layout[0] = layout_plain();
    plan_images(ctx, 1, 1, 20, out);
    return NULL;
}

static void path_emit(Emit *e)
{
    Vb *b = e->vb;
    const DropAttrs *a = e->node->attrs;
    ImageLoop l = emit_images(e);
    Val bits = high_half(b, image_key(e, l.image));
    Val x = kept(e, bits, LLVMConstInt(b->i32, drop_threshold(a->p), 0),
                 vb_number(b, 1.0 / (1.0 - a->p)));
    access_store_scalar(b, x, access_index(b, emit_output(e, 0), l.image, 1));
    emit_images_end(e, &l);
}

const KernelDef kernel_dropout_mask = {
    .name = "hash",
    .op = "dropout_mask",
    .doc = "counter-based, 32-bit lanes",
    .plan = mask_plan,
    .emit = mask_emit,
};

const KernelDef kernel_drop_path_mask = {
    .name = "hash",
    .op = "drop_path_mask",
    .doc = "counter-based, one number per image",
    .plan = path_plan,
    .emit = path_emit,
};
