// avx2.c: AVX2 machines with FMA (Haswell and later, Zen and later).
#include "cpu/dot.h"
#include "cpu/isa/burst_loop.h"
#include "cpu/isa/x86.h"
#include "cpu/machine.h"

#if defined(__x86_64__)
#include <immintrin.h>
// clang-format off
__attribute__((target("avx2,fma")))
BURST_LOOP(run_burst, __m256, _mm256_set1_ps, _mm256_fmadd_ps, _mm256_add_ps, _mm256_cvtss_f32)
// clang-format on
#else
#define run_burst NULL
#endif

    // Two permutations, whose indices count by their lower bits, and a blend.
    static Val permute2(Vb *b, Val x, Val y, Val index)
{
    Val of_x[2] = {x, index}, of_y[2] = {y, index};
    Val in_y = vb_icmp(b, LLVMIntSGE, index, vb_splat(b, LLVMConstInt(b->i32, b->width, 0)));
    return vb_select(b, in_y, vb_intrinsic(b, "llvm.x86.avx2.permps", NULL, of_y, 2),
                     vb_intrinsic(b, "llvm.x86.avx2.permps", NULL, of_x, 2));
}

const Isa isa_x86_64_v3 = {
    .name = "x86-64-v3",
    .doc = "AVX2 and FMA",
    .needs = {.kind = RN_MACHINE_X86_64,
              .features = {[RN_X86_1_ECX] = X86_V3_1_ECX,
                           [RN_X86_7_0_EBX] = X86_V3_7_0_EBX,
                           [RN_X86_80000001_ECX] = X86_V3_80000001_ECX,
                           [RN_X86_XCR0] = X86_V3_XCR0}},
    .triple = X86_TRIPLE,
    .cpu = "x86-64-v3",
    .features = "",
    .vector_floats = 8,
    .vector_registers = 16,
    .prefer_vector_width = 256,
    .has_fma = true,
    .has_masked_memory = true,
    .dot = &dot_f32_fused,
    .permute2 = permute2,
    .permute2_ops = 3,
    .store_fence = x86_store_fence,
    .start_backend = x86_start_backend,
    .burst = run_burst,
    .usual = &machine_emerald_rapids,
};
