// dot.c: see dot.h. Both are exact forms: LLVM finds the instruction, or calls what computes the same.
#include "cpu/dot.h"

#include "cpu/vb.h"

static Val fused(Vb *b, Val acc, Val w, Val x)
{
    return vb_fma(b, w, x, acc);
}

static Val rounded(Vb *b, Val acc, Val w, Val x)
{
    return vb_fadd(b, vb_fmul(b, w, x), acc);
}

const Dot dot_f32_fused = {ELEM_F32, ELEM_F32, ELEM_F32, 1, fused};
const Dot dot_f32_rounded = {ELEM_F32, ELEM_F32, ELEM_F32, 1, rounded};
