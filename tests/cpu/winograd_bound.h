// winograd_bound.h: what Winograd's minimal filtering may err, element by element, in float64. For
// conv_run.c alone.
//
// Every sum of an algorithm with the matrices A, B, G rounds in proportion to the sizes of its
// terms, so the error of y = A^T [(G g G^T) . (B^T d B)] A, summed over channels, is within a small
// multiple of u = 2^-24 times
//   |A^T| [sum over c of (|G| |g| |G^T|) . (|B^T| |d| |B|)] |A|
// (the componentwise analysis of Higham, "Accuracy and Stability of Numerical Algorithms", 2002,
// for bilinear algorithms). It takes the place of sum |w*x|, which it is for direct convolution.
// At stride 2 a sum S of products of the same point stands between |A^T| and the brackets forward;
// backward data repeats inputs, R, before |B^T|.
// The gradient of weights: |G^T| [sum over tiles of (|S^T A| |dy| |A^T S|) . (|B^T| |d| |B|)] |G|.
#ifndef WINOGRAD_BOUND_H
#define WINOGRAD_BOUND_H

#include "cpu/plain_conv.h"

// The bounds of F(rows x columns, 3x3) of the case's stride for the one of x, w, y (v[0], v[1],
// v[2]) that is made.
void winograd_bound(Arena *a, const Case *t, Plain v[3], uint32_t out_of, int rows, int columns);

#endif
