// isa.h: instruction sets: what code may use, and the primitives that differ between them. One const
// record per file in isa/. Not here: how fast a machine is (machine.h), which of both code is made
// for (target.h), loads and stores (access.h).
#ifndef CPU_ISA_H
#define CPU_ISA_H

#include <llvm-c/Core.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ir/elem.h"
#include "resnetc/model_abi.h"

struct Vb;
struct Machine;

/// The heart of a convolution: acc += dot(w, x), lane by lane, over `group` input channels at once.
/// w holds a vector of weights for each output channel's lane, x the inputs in every lane.
typedef struct Dot {
    Elem weight, input, sum; // what registers hold; memory may hold another type (access.h)
    uint32_t group;          // input channels of one product
    LLVMValueRef (*emit)(struct Vb *b, LLVMValueRef acc, LLVMValueRef w, LLVMValueRef x);
} Dot;

typedef struct Isa {
    const char *name; // "x86-64-v4": the user's word, and what objects carry
    const char *doc;
    RnMachine needs;        // what a machine must have; objects carry it too
    const char *triple;     // "x86_64-unknown-linux-gnu"
    const char *cpu;        // LLVM's CPU name
    const char *features;   // LLVM's feature string
    uint32_t vector_floats; // V: f32 lanes of a vector
    uint32_t vector_registers;
    uint32_t prefer_vector_width; // function attribute, bits; 0: none
    bool has_fma;                 // without it products are rounded before they are added
    bool has_masked_memory;       // else partial vectors are loaded and stored as shorter ones

    const Dot *dot; // of f32
    /// Lane l of the result is element index[l] of x and y together; index: <V x i32>, below 2 V.
    /// NULL: there is no fast way.
    LLVMValueRef (*permute2)(struct Vb *b, LLVMValueRef x, LLVMValueRef y, LLVMValueRef index);
    int permute2_ops; // instructions that it takes
    /// Orders streaming stores with what other threads read. NULL: they are like other stores.
    void (*store_fence)(struct Vb *b);

    void (*start_backend)(void); // LLVM's; once is enough, more do no harm
    /// Runs independent chains of multiply-adds: 2 * ISA_BURST_CHAINS * V floating-point operations a
    /// round. Call it only where it runs. NULL: the compiler's host has other instructions.
    float (*burst)(uint64_t rounds);
    const struct Machine *usual; // whose figures the cost model takes where no machine is named
} Isa;

#define ISA_BURST_CHAINS 12

extern const Isa *const isa_table[];
extern const size_t isa_table_count;
const Isa *isa_find(const char *name); // NULL if none
bool isa_runs_here(const Isa *isa);
/// The best that this machine runs; NULL if none.
const Isa *isa_native(void);

#endif
