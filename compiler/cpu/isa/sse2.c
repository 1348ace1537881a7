// sse2.c: any x86-64 machine: SSE2, no FMA.
#include "cpu/target.h"

const TargetDef target_x86_64 = {
    .name = "x86-64",
    .doc = "SSE2, every x86-64 machine",
    .triple = "x86_64-unknown-linux-gnu",
    .cpu = "x86-64",
    .features = "",
    .vector_floats = 4,
    .vector_registers = 16,
    .has_fma = false,
    .prefer_vector_width = 128,
    // One core of an Emerald Rapids server: a multiply and an add per cycle.
    .clock_ghz = 2.9,
    .fma_per_cycle = 1,
    .loads_per_cycle = 2,
    .l1_bytes = 32 << 10,
    .l2_bytes = 512 << 10,
    .l3_bytes = 16 << 20,
    .l2_gbps = 60,
    .l3_gbps = 25,
    .dram_gbps = 12,
};
