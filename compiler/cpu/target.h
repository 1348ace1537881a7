// target.h: what code is made for: an instruction set, and the machine whose figures the cost model
// takes.
#ifndef CPU_TARGET_H
#define CPU_TARGET_H

#include "base/arena.h"
#include "cpu/isa.h"
#include "cpu/machine.h"

typedef struct TargetDef {
    const Isa *isa;
    const Machine *machine;
    /// Code for this machine, whatever the instruction set: its vector length, registers and layouts,
    /// with the slow exact form of every primitive. So tests run what the machine lacks.
    bool emulated;
    // from isa
    uint32_t vector_floats; // V
    uint32_t vector_registers;
    bool has_fma;
    // from machine, for isa
    double clock_ghz, fma_per_cycle, loads_per_cycle;
    uint64_t l1_bytes, l2_bytes, l3_bytes;
    double l2_gbps, l3_gbps, dram_gbps;
} TargetDef;

/// machine: NULL for the instruction set's usual one; one that has no rate for it is an internal
/// error. Lives in the arena.
const TargetDef *target_create(Arena *a, const Isa *isa, const Machine *machine);
/// The same, emulated on this machine.
const TargetDef *target_emulate(Arena *a, const Isa *isa);
/// The instruction set of the code itself: this machine's where another is emulated.
const Isa *target_code_isa(const TargetDef *target);

#endif
