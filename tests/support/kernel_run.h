// kernel_run.h: runs one kernel alone: compiles it for a target into this process and calls it on
// memory that has inaccessible pages right before and after every block.
#ifndef KERNEL_RUN_H
#define KERNEL_RUN_H

#include "cpu/codegen.h"
#include "resnetc/model_abi.h"

typedef struct KernelRun KernelRun;

/// Emits the node's kernel as the compiler does. node->lowering is set, layouts of inputs and
/// outputs are in the values. Every value gets a place of its own. Aborts on errors of LLVM.
KernelRun *kernel_run_create(const TargetDef *target, Node *node);
/// pointers: the node's inputs, then its outputs. call->batch is the batch.
void kernel_run_call(const KernelRun *r, const RnCall *call, int64_t lo, int64_t hi, void *scratch,
                     void *const *pointers);
void kernel_run_destroy(KernelRun *r);

/// The kernel as assembly.
const char *kernel_run_assembly(Arena *a, const TargetDef *target, Node *node);

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
