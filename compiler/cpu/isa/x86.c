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
