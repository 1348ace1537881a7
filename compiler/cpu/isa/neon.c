// neon.c: 64-bit Arm with NEON. Compiled and inspected; its logic is run emulated.
#include <llvm-c/Target.h>

#include "cpu/dot.h"
#include "cpu/isa/burst_loop.h"
#include "cpu/machine.h"

#if defined(__aarch64__)
#include <arm_neon.h>
#define ACCUMULATE(x, factor, term) vfmaq_f32(term, x, factor)
#define FIRST_LANE(x) vgetq_lane_f32(x, 0)
// clang-format off
BURST_LOOP(run_burst, float32x4_t, vdupq_n_f32, ACCUMULATE, vaddq_f32, FIRST_LANE)
// clang-format on
#else
#define run_burst NULL
#endif

static void start_backend(void)
{
    LLVMInitializeAArch64TargetInfo();
    LLVMInitializeAArch64Target();
    LLVMInitializeAArch64TargetMC();
    LLVMInitializeAArch64AsmPrinter();
}

const Isa isa_aarch64 = {
    .name = "aarch64",
    .doc = "NEON, every 64-bit Arm machine",
    .needs = {.kind = RN_MACHINE_AARCH64}, // Advanced SIMD is part of it
    .triple = "aarch64-unknown-linux-gnu",
    .cpu = "generic",
    .features = "+neon",
    .vector_floats = 4,
    .vector_registers = 32,
    .prefer_vector_width = 128,
    .has_fma = true,
    .dot = &dot_f32_fused,
    .start_backend = start_backend,
    .burst = run_burst,
    .usual = &machine_neoverse_n1,
};
