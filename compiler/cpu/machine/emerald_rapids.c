// emerald_rapids.c: the server that the cost model was first fitted to.
#include "cpu/machine.h"

const Machine machine_emerald_rapids = {
    .name = "emerald-rapids",
    .doc = "One core of an Emerald Rapids server: 175 GFLOP/s with AVX-512, 94 with AVX2; "
           "bandwidths measured by reading, with other work on the machine",
    .l1_bytes = 48 << 10,
    .l2_bytes = 2 << 20,
    .l3_bytes = 32 << 20,
    .l3_gbps = 26,
    .dram_gbps = 13,
    .rate =
        {
            {"x86-64-v4", .clock_ghz = 2.7, .fma_per_cycle = 2, .loads_per_cycle = 2,
             .l2_gbps = 120},
            {"x86-64-v3", .clock_ghz = 2.9, .fma_per_cycle = 2, .loads_per_cycle = 2,
             .l2_gbps = 100},
        },
};
