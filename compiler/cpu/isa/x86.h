// x86.h: what the instruction sets of x86-64 share.
#ifndef CPU_ISA_X86_H
#define CPU_ISA_X86_H

#include <stdbool.h>

#include "cpu/vb.h"

#define X86_TRIPLE "x86_64-unknown-linux-gnu"

void x86_start_backend(void);
/// Streaming stores of x86 are not ordered with others, not even by a release.
void x86_store_fence(Vb *b);
bool x86_has_sse2(void), x86_has_avx2(void), x86_has_avx512(void); // this machine

#endif
