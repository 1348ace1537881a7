// target.h: the machines we emit for. One const record per file in targets/.
#ifndef CPU_TARGET_H
#define CPU_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct TargetDef {
    const char *name; // "x86-64-v4": the user's word, and RnModel.isa
    const char *doc;
    const char *triple;     // "x86_64-unknown-linux-gnu"
    const char *cpu;        // LLVM's CPU name
    const char *features;   // LLVM's feature string
    uint32_t vector_floats; // V
    uint32_t vector_registers;
    bool has_fma;                 // without it mul + add is emitted, never llvm.fma
    uint32_t prefer_vector_width; // function attribute, bits; 0: none
    // cost model; per core unless said
    double clock_ghz;
    double fma_per_cycle;   // vector FMAs (or mul+add pairs)
    double loads_per_cycle; // vector loads or broadcasts
    uint64_t l1_bytes, l2_bytes, l3_bytes;
    double l2_gbps, l3_gbps, dram_gbps; // bandwidth of one thread
} TargetDef;

extern const TargetDef *const target_table[];
extern const size_t target_table_count;
const TargetDef *target_find(const char *name); // NULL if none
/// The best target that this machine runs; NULL if none.
const TargetDef *target_native(void);

#endif
