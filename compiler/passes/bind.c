// bind.c: when a value can be known. In inference, what depends on parameters and state alone is
// prepare's work and lies in the packed region; in training weights change with every step, so that
// everything is part of the step, just before its consumer.
#include "passes/pass.h"

static BindTime bind_of(const Value *v, Mode mode)
{
    switch (v->kind) {
    case VALUE_PARAM:
    case VALUE_STATE:
        return mode == MODE_INFER ? BIND_PARAMS : BIND_INPUTS;
    case VALUE_INPUT:
    case VALUE_LABELS:
        return BIND_INPUTS;
    case VALUE_TEMP:
    case VALUE_GRAD:
    case VALUE_OUTPUT:
        return v->bind;
    }
    return BIND_INPUTS;
}

void bind_node(Node *n, Mode mode)
{
    BindTime latest = mode == MODE_INFER && n->inputs.count ? BIND_PARAMS : BIND_INPUTS;
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        BindTime bind = bind_of(n->inputs.at[i], mode);
        latest = bind > latest ? bind : latest;
    }
    n->bind = latest;
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        n->outputs.at[i]->bind = latest;
    }
}

bool pass_bind(PassCtx *ctx)
{
    for (Node *n = ctx->g->first; n; n = n->next) {
        bind_node(n, ctx->g->mode);
    }
    return true;
}
