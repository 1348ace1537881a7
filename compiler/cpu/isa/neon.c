// neon.c: 64-bit Arm with NEON. Compiled and inspected, not run by the tests.
#include "cpu/target.h"

const TargetDef target_aarch64 = {
    .name = "aarch64",
    .doc = "NEON, every 64-bit Arm machine",
    .triple = "aarch64-unknown-linux-gnu",
    .cpu = "generic",
    .features = "+neon",
    .vector_floats = 4,
    .vector_registers = 32,
    .has_fma = true,
    .prefer_vector_width = 128,
    // A Neoverse N1 class core, from its published figures.
    .clock_ghz = 2.6,
    .fma_per_cycle = 2,
    .loads_per_cycle = 2,
    .l1_bytes = 64 << 10,
    .l2_bytes = 1 << 20,
    .l3_bytes = 32 << 20,
    .l2_gbps = 50,
    .l3_gbps = 20,
    .dram_gbps = 12,
};
