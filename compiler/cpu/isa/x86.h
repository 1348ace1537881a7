// x86.h: what the instruction sets of x86-64 share.
#ifndef CPU_ISA_X86_H
#define CPU_ISA_X86_H

#include "cpu/vb.h"

#define X86_TRIPLE "x86_64-unknown-linux-gnu"

void x86_start_backend(void);
/// Streaming stores of x86 are not ordered with others, not even by a release.
void x86_store_fence(Vb *b);

// Words of RnMachine.features: what x86-64-v3 has beyond x86-64, and v4 beyond v3.
// sse3, ssse3, fma, cx16, sse4.1, sse4.2, movbe, popcnt, osxsave, avx, f16c
#define X86_V3_1_ECX                                                                               \
    (1u << 0 | 1u << 9 | 1u << 12 | 1u << 13 | 1u << 19 | 1u << 20 | 1u << 22 | 1u << 23 |         \
     1u << 27 | 1u << 28 | 1u << 29)
#define X86_V3_7_0_EBX (1u << 3 | 1u << 5 | 1u << 8)                          // bmi1, avx2, bmi2
#define X86_V3_80000001_ECX (1u << 0 | 1u << 5)                               // lahf, lzcnt
#define X86_V3_XCR0 (1u << 1 | 1u << 2)                                       // sse, avx registers
#define X86_V4_7_0_EBX (1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31) // f, dq, cd, bw, vl
#define X86_V4_XCR0 (1u << 5 | 1u << 6 | 1u << 7)                             // masks, upper halves

#endif
