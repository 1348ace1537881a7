// machine.h: how fast a machine is: the cost model's figures. One const record per file in machine/.
// An instruction set runs on very different machines, so these are apart from it (isa.h).
#ifndef CPU_MACHINE_H
#define CPU_MACHINE_H

#include <stddef.h>
#include <stdint.h>

/// What one core does with the vectors of an instruction set.
typedef struct MachineRate {
    const char *isa; // Isa.name
    double clock_ghz;
    double fma_per_cycle;   // vector multiply-adds, or pairs of a multiply and an add
    double loads_per_cycle; // vector loads or broadcasts
    double l2_gbps;         // bandwidth of one thread
} MachineRate;

#define MACHINE_MAX_RATES 4

typedef struct Machine {
    const char *name;
    const char *doc;                       // which machine, and where the figures come from
    uint64_t l1_bytes, l2_bytes, l3_bytes; // of one core, but l3 as a thread finds it
    double l3_gbps, dram_gbps;             // bandwidths of one thread
    MachineRate rate[MACHINE_MAX_RATES];   // no name: there are no more
} Machine;

// Those that instruction sets take as their usual machine.
extern const Machine machine_emerald_rapids, machine_any_x86_64, machine_neoverse_n1;

extern const Machine *const machine_table[];
extern const size_t machine_table_count;

/// The machine's rate for an instruction set; NULL if it has none.
const MachineRate *machine_rate(const Machine *m, const char *isa);

#endif
