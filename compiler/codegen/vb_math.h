// vb_math.h: the part of the vector builder behind ScalarBuilder, private to vb.c and vb_math.c.
#ifndef CODEGEN_VB_MATH_H
#define CODEGEN_VB_MATH_H

#include "codegen/vb.h"

/// Fills b->scalar.
void vb_math_init(Vb *b);

#endif
