// dot.h: the products of f32 that instruction sets choose from (Dot in isa.h).
#ifndef CPU_DOT_H
#define CPU_DOT_H

#include "cpu/isa.h"

extern const Dot dot_f32_fused;   // one rounding: llvm.fma
extern const Dot dot_f32_rounded; // the product is rounded, then the sum

#endif
