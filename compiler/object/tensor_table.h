// tensor_table.h: the model's tensors and regions, gathered over all its plans. Pure data, no LLVM:
// the descriptor and the header are both written from it.
#ifndef OBJECT_TENSOR_TABLE_H
#define OBJECT_TENSOR_TABLE_H

#include "base/vec.h"
#include "object/model_spec.h"
#include "object/texts.h"

#define MAX_REGIONS 64
#define MAX_PLANS 16

typedef struct TensorTable {
    VEC(RnTensor) tensors;     // as the descriptor holds them
    Texts *texts;              // their names; the descriptor adds others
    int32_t *index[MAX_PLANS]; // per plan: Value.id -> tensor, or -1
    RnRegion regions[MAX_REGIONS];
    uint32_t region_count;
    uint32_t param_count, state_count;
    uint64_t param_elements, macs_per_image, scratch_bytes;
    bool infers, trains; // has such plans
} TensorTable;

/// Plans that disagree on parameters or regions are an internal error.
TensorTable *tensor_table_create(Arena *a, const ModelSpec *spec);

/// Whether the object holds prepared weights: it has then no parameters, state or prepare steps.
static inline bool spec_is_packed(const ModelSpec *spec)
{
    return spec->weights && spec->weights->packed;
}

/// Whether a node of this graph runs in prepare rather than in the plan.
bool node_is_prepared(const Graph *g, const Node *n);

#endif
