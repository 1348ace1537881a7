// avx2.c: AVX2 machines with FMA (Haswell and later, Zen and later).
#include "cpu/target.h"

const TargetDef target_x86_64_v3 = {
    .name = "x86-64-v3",
    .doc = "AVX2 and FMA",
    .triple = "x86_64-unknown-linux-gnu",
    .cpu = "x86-64-v3",
    .features = "",
    .vector_floats = 8,
    .vector_registers = 16,
    .has_fma = true,
    .prefer_vector_width = 256,
    // One core of an Emerald Rapids server: 94 GFLOP/s; bandwidths measured by reading, with
    // other work on the machine.
    .clock_ghz = 2.9,
    .fma_per_cycle = 2,
    .loads_per_cycle = 2,
    .l1_bytes = 48 << 10,
    .l2_bytes = 2 << 20,
    .l3_bytes = 32 << 20,
    .l2_gbps = 100,
    .l3_gbps = 26,
    .dram_gbps = 13,
};
