// avx512.c: AVX-512 machines (Skylake-X and later, Zen 4 and later).
#include "cpu/target.h"

const TargetDef target_x86_64_v4 = {
    .name = "x86-64-v4",
    .doc = "AVX-512F/BW/CD/DQ/VL",
    .triple = "x86_64-unknown-linux-gnu",
    .cpu = "x86-64-v4",
    .features = "-prefer-256-bit",
    .vector_floats = 16,
    .vector_registers = 32,
    .has_fma = true,
    .prefer_vector_width = 512,
    // One core of an Emerald Rapids server: 175 GFLOP/s; bandwidths measured by reading, with
    // other work on the machine.
    .clock_ghz = 2.7,
    .fma_per_cycle = 2,
    .loads_per_cycle = 2,
    .l1_bytes = 48 << 10,
    .l2_bytes = 2 << 20,
    .l3_bytes = 32 << 20,
    .l2_gbps = 120,
    .l3_gbps = 26,
    .dram_gbps = 13,
};
