// pack.c: a plain weight or vector into a packed layout. Elements outside the source are zero.
#include "cpu/kernels/weights/packing.h"
#include "ops/layout/layout_attrs.h"

static const char *pack_plan(const PlanCtx *ctx, const Node *n, Lowering *out)
{
    const PackAttrs *a = n->attrs;
    if (!a->packing) {
        return "no packing is given";
    }
    out->in_layout[0] = layout_plain();
    out->out_layout[0] = (Layout){.kind = LAYOUT_PACKED, .packing = a->packing};
    plan_packing(ctx, a->packing, out);
    return NULL;
}

static void pack_body(Emit *e, Val context, Val packed, Val plain, Val valid)
{
    (void)context;
    Vb *b = e->vb;
    Val x = access_load_scalar(b, access_at(b, emit_input(e, 0), plain));
    if (valid) {
        x = vb_select(b, valid, x, vb_number(b, 0));
    }
    access_store_scalar(b, x, access_at(b, emit_output(e, 0), packed));
}

static void pack_emit(Emit *e)
{
    const PackAttrs *a = e->node->attrs;
    emit_packing(e, a->packing, &e->node->inputs.at[0]->shape, pack_body, NULL);
}

const KernelDef kernel_pack = {
    .name = "affine",
    .op = "pack",
    .doc = "element by element, a near block at a time",
    .plan = pack_plan,
    .emit = pack_emit,
};
