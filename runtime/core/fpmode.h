// fpmode.h: one floating-point mode for every thread that runs steps: round to nearest, no traps,
// subnormal numbers read and written as zero (they cost a hundred cycles each and mean nothing
// here).
#ifndef RUNTIME_CORE_FPMODE_H
#define RUNTIME_CORE_FPMODE_H

#include <stdint.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

/// Sets the mode; returns what was before, for fpmode_restore.
static inline uint64_t fpmode_enter(void)
{
#if defined(__x86_64__)
    unsigned before = _mm_getcsr();
    _mm_setcsr(0x9FC0); // flush to zero, subnormals are zero, all traps masked, nearest
    return before;
#elif defined(__aarch64__)
    uint64_t before;
    __asm__ __volatile__("mrs %0, fpcr" : "=r"(before));
    uint64_t mode = (uint64_t)1 << 24; // FZ
    __asm__ __volatile__("msr fpcr, %0" : : "r"(mode));
    return before;
#else
    return 0;
#endif
}

static inline void fpmode_restore(uint64_t before)
{
#if defined(__x86_64__)
    _mm_setcsr((unsigned)before);
#elif defined(__aarch64__)
    __asm__ __volatile__("msr fpcr, %0" : : "r"(before));
#else
    (void)before;
#endif
}

#endif
