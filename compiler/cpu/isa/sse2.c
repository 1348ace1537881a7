// sse2.c: any x86-64 machine: SSE2, no FMA.
#include "cpu/dot.h"
#include "cpu/isa/burst_loop.h"
#include "cpu/isa/x86.h"
#include "cpu/machine.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define MULTIPLY_THEN_ADD(x, factor, term) _mm_add_ps(_mm_mul_ps(x, factor), term)
// clang-format off
BURST_LOOP(run_burst, __m128, _mm_set1_ps, MULTIPLY_THEN_ADD, _mm_add_ps, _mm_cvtss_f32)
// clang-format on
#else
#define run_burst NULL
#endif

const Isa isa_x86_64 = {
    .name = "x86-64",
    .doc = "SSE2, every x86-64 machine",
    .needs = {.kind = RN_MACHINE_X86_64},
    .triple = X86_TRIPLE,
    .cpu = "x86-64",
    .features = "",
    .vector_floats = 4,
    .vector_registers = 16,
    .prefer_vector_width = 128,
    .dot = &dot_f32_rounded,
    .store_fence = x86_store_fence,
    .start_backend = x86_start_backend,
    .burst = run_burst,
    .usual = &machine_any_x86_64,
};
