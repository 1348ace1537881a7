// winograd_math.h: the matrices of Winograd's minimal filtering F(m, 3) and their emission as
// vector code.
#ifndef KERNELS_WINOGRAD_MATH_H
#define KERNELS_WINOGRAD_MATH_H

#include "codegen/vb.h"

#define WINOGRAD_MAX_POINTS 8
#define WINOGRAD_TAPS 3

typedef struct WinogradMatrix {
    int rows, columns;
    double at[WINOGRAD_MAX_POINTS][WINOGRAD_MAX_POINTS]; // [row][column]
} WinogradMatrix;

/// F(m, 3): m outputs of a correlation with 3 taps from m + 2 = `points` products:
///   y = A^T ((G g) . (B^T d)),  g[3] taps, d[points] inputs, y[m] outputs.
/// All entries of at and bt are exact in float.
typedef struct Winograd {
    int m, points;
    WinogradMatrix bt; // points x points
    WinogradMatrix g;  // points x 3
    WinogradMatrix at; // m x points
} Winograd;

/// m is 2 to 6.
Winograd winograd_make(int m);

/// out[rows] = matrix * in[columns], in as few vector operations as the structure of the matrix
/// allows. Entries must be exact in float.
void winograd_emit(Vb *b, const WinogradMatrix *m, const Val *in, Val *out);
WinogradMatrix winograd_transpose(const WinogradMatrix *m);

#endif
