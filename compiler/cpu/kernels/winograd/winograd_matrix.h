// winograd_matrix.h: a small constant matrix and its product with vectors.
// Not here: which matrices Winograd's minimal filtering takes (winograd_math.h).
#ifndef CPU_KERNELS_WINOGRAD_WINOGRAD_MATRIX_H
#define CPU_KERNELS_WINOGRAD_WINOGRAD_MATRIX_H

#include "cpu/vb.h"

#define WINOGRAD_MAX_POINTS 9

typedef struct WinogradMatrix {
    int rows, columns;
    double at[WINOGRAD_MAX_POINTS][WINOGRAD_MAX_POINTS]; // [row][column]
} WinogradMatrix;

WinogradMatrix winograd_transpose(const WinogradMatrix *m);
void winograd_reverse_columns(WinogradMatrix *m);

/// out[rows] = matrix * in[columns], in as few vector operations as the structure of the matrix
/// allows. Entries must be exact in float.
void winograd_emit(Vb *b, const WinogradMatrix *m, const Val *in, Val *out);

#endif
