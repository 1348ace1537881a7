// vb_math.h: the part of the vector builder behind ScalarBuilder, private to vb.c and vb_math.c.
#ifndef CPU_VB_MATH_H
#define CPU_VB_MATH_H

#include "cpu/vb.h"

/// Fills b->scalar.
void vb_math_init(Vb *b);

#endif
