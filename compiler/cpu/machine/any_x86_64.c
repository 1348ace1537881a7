// any_x86_64.c: a cautious guess for machines of which nothing is known but SSE2.
#include "cpu/machine.h"

const Machine machine_any_x86_64 = {
    .name = "any-x86-64",
    .doc = "The clock of an Emerald Rapids core with the caches of an older one: a multiply and an "
           "add per cycle",
    .l1_bytes = 32 << 10,
    .l2_bytes = 512 << 10,
    .l3_bytes = 16 << 20,
    .l3_gbps = 25,
    .dram_gbps = 12,
    .rate =
        {
            {"x86-64", .clock_ghz = 2.9, .fma_per_cycle = 1, .loads_per_cycle = 2, .l2_gbps = 60},
        },
};
