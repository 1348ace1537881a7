// x86.c: see x86.h.
#include "cpu/isa/x86.h"

#include <llvm-c/Target.h>

void x86_start_backend(void)
{
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
}

void x86_store_fence(Vb *b)
{
    vb_intrinsic(b, "llvm.x86.sse.sfence", NULL, NULL, 0);
}

#if defined(__x86_64__)

bool x86_has_sse2(void)
{
    return true;
}

bool x86_has_avx2(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

bool x86_has_avx512(void)
{
    return x86_has_avx2() && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

#else

bool x86_has_sse2(void)
{
    return false;
}

bool x86_has_avx2(void)
{
    return false;
}

bool x86_has_avx512(void)
{
    return false;
}

#endif
