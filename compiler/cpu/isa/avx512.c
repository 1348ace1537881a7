// avx512.c: AVX-512 machines (Skylake-X and later, Zen 4 and later).
#include "cpu/dot.h"
#include "cpu/isa/burst_loop.h"
#include "cpu/isa/x86.h"
#include "cpu/machine.h"

#if defined(__x86_64__)
#include <immintrin.h>
// clang-format off
__attribute__((target("avx512f")))
BURST_LOOP(run_burst, __m512, _mm512_set1_ps, _mm512_fmadd_ps, _mm512_add_ps, _mm512_cvtss_f32)
// clang-format on
#else
#define run_burst NULL
#endif

    static Val permute2(Vb *b, Val x, Val y, Val index)
{
    Val args[3] = {x, index, y};
    return vb_intrinsic(b, "llvm.x86.avx512.vpermi2var.ps.512", NULL, args, 3);
}

const Isa isa_x86_64_v4 = {
    .name = "x86-64-v4",
    .doc = "AVX-512F/BW/CD/DQ/VL",
    .needs = {.kind = RN_MACHINE_X86_64,
              .features = {[RN_X86_1_ECX] = X86_V3_1_ECX,
                           [RN_X86_7_0_EBX] = X86_V3_7_0_EBX | X86_V4_7_0_EBX,
                           [RN_X86_80000001_ECX] = X86_V3_80000001_ECX,
                           [RN_X86_XCR0] = X86_V3_XCR0 | X86_V4_XCR0}},
    .triple = X86_TRIPLE,
    .cpu = "x86-64-v4",
    .features = "-prefer-256-bit",
    .vector_floats = 16,
    .vector_registers = 32,
    .prefer_vector_width = 512,
    .has_fma = true,
    .has_masked_memory = true,
    .dot = &dot_f32_fused,
    .permute2 = permute2,
    .permute2_ops = 1,
    .store_fence = x86_store_fence,
    .start_backend = x86_start_backend,
    .burst = run_burst,
    .usual = &machine_emerald_rapids,
};
