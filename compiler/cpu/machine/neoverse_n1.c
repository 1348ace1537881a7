// neoverse_n1.c: a typical 64-bit Arm server core.
#include "cpu/machine.h"

const Machine machine_neoverse_n1 = {
    .name = "neoverse-n1",
    .doc = "A core of the Neoverse N1 class, from its published figures",
    .l1_bytes = 64 << 10,
    .l2_bytes = 1 << 20,
    .l3_bytes = 32 << 20,
    .l3_gbps = 20,
    .dram_gbps = 12,
    .rate =
        {
            {"aarch64", .clock_ghz = 2.6, .fma_per_cycle = 2, .loads_per_cycle = 2, .l2_gbps = 50},
        },
};
