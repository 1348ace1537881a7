// burst_loop.h: a loop over independent chains of multiply-adds, by the names that an instruction set
// gives its vectors: enough chains to hide the latency of one.
#ifndef CPU_ISA_BURST_LOOP_H
#define CPU_ISA_BURST_LOOP_H

#include "cpu/isa.h"

#define BURST_FACTOR 0.999f
#define BURST_TERM 0.001f

#define BURST_LOOP(NAME, VECTOR, SPREAD, MULTIPLY_ADD, ADD, FIRST)                                 \
    static float NAME(uint64_t rounds)                                                             \
    {                                                                                              \
        VECTOR sum[ISA_BURST_CHAINS], factor = SPREAD(BURST_FACTOR), term = SPREAD(BURST_TERM);    \
        for (int i = 0; i < ISA_BURST_CHAINS; i++) {                                               \
            sum[i] = SPREAD((float)i);                                                             \
        }                                                                                          \
        for (; rounds; rounds--) {                                                                 \
            _Pragma("GCC unroll 12") for (int i = 0; i < ISA_BURST_CHAINS; i++)                    \
            {                                                                                      \
                sum[i] = MULTIPLY_ADD(sum[i], factor, term);                                       \
            }                                                                                      \
        }                                                                                          \
        for (int i = 1; i < ISA_BURST_CHAINS; i++) {                                               \
            sum[0] = ADD(sum[0], sum[i]);                                                          \
        }                                                                                          \
        return FIRST(sum[0]);                                                                      \
    }

#endif
