// loss.c: training ends in the cross-entropy of the softmax of the one output: loss [N], in nats.
// The labels become an input of the graph. Not here: the batch mean (the runtime's loss_scale).
#include "ops/loss/xent_attrs.h"
#include "passes/pass.h"

bool pass_loss(PassCtx *ctx)
{
    Graph *g = ctx->g;
    Value *logits = g->outputs.at[0];
    Value *labels =
        graph_add_value(g, VALUE_LABELS, ELEM_U32, shape_batch(), "labels", logits->loc);
    g->labels = labels;
    XentAttrs attrs = {.smoothing = ctx->opt->label_smoothing};
    const Node *node = build_node(g, &(NodeSpec){
                                         .op = pass_op("softmax_xent"),
                                         .attrs = &attrs,
                                         .in = (Value *const[]){logits, labels},
                                         .in_count = 2,
                                         .name = "loss",
                                         .loc = logits->loc,
                                         .phase = PHASE_LOSS,
                                     });
    g->loss = node->outputs.at[0];
    return true;
}
