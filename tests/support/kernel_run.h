// kernel_run.h: runs one kernel alone: compiles it for a target into this process and calls it on
// memory that has inaccessible pages right before and after every block.
#ifndef KERNEL_RUN_H
#define KERNEL_RUN_H

#include "cpu/kernel.h"

typedef struct KernelRun KernelRun;

/// node->lowering is set, layouts of inputs and outputs are in the values. Aborts on errors of
/// LLVM.
KernelRun *kernel_run_create(const TargetDef *target, const KernelDef *kernel, Node *node);
/// pointers: the node's inputs, then its outputs.
void kernel_run_call(const KernelRun *r, void *const *pointers, int64_t batch, int64_t lo,
                     int64_t hi, void *scratch, const void *call);
void kernel_run_destroy(KernelRun *r);

/// A block between inaccessible pages, filled with NaN. at_end: it ends at the second page (but for
/// alignment to 64), else it starts at the first.
typedef struct GuardBlock {
    void *map;
    size_t map_bytes;
    void *at;
    size_t bytes;
} GuardBlock;
GuardBlock guard_block(size_t bytes, bool at_end);
/// Whether the bytes between the block and its pages are untouched.
bool guard_block_clean(const GuardBlock *g);
void guard_block_free(GuardBlock *g);

#endif
