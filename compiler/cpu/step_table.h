// step_table.h: the steps of all plans as the descriptor holds them, and what they share.
#ifndef CPU_STEP_TABLE_H
#define CPU_STEP_TABLE_H

#include "base/distinct.h"
#include "cpu/codegen_internal.h"
#include "object/texts.h"

typedef struct LayerRow {
    uint32_t name, line; // as in RnLayer
} LayerRow;

typedef struct KernelRow {
    Val function;
    RnKernel figures; // without fn
} KernelRow;

typedef struct StepTable {
    Texts *texts;     // borrowed
    Distinct layers;  // of LayerRow
    Distinct kernels; // of KernelRow
    Distinct places;  // of RnPlace
    VEC(uint32_t) operands;
} StepTable;

StepTable step_table_create(Arena *a, Texts *texts);
/// A node's step; its layer, kernel, places and operands are added. Emits the kernel's code.
RnStep step_table_add(StepTable *t, ModuleCtx *m, const Node *n);

#endif
