// winograd_points.h: the points at which Winograd's minimal filtering F(m, 3) multiplies, and what
// all its matrices are made of.
// Not here: the matrices (winograd_math.h, winograd_strided.h).
#ifndef CPU_KERNELS_WINOGRAD_WINOGRAD_POINTS_H
#define CPU_KERNELS_WINOGRAD_WINOGRAD_POINTS_H

#include "cpu/kernels/winograd/winograd_matrix.h"

#define WINOGRAD_TAPS 3

/// F(m, 3): outputs of a correlation with 3 taps from products at points:
///   y = A^T S ((G g) . (R B^T d)),  g[3] taps, d inputs, y outputs.
/// R repeats inputs and S sums products of the same point: product q takes input q mod bt.rows and
/// goes to sum q mod at.columns. Stride 1: m + 2 points with a product each. Stride 2: m + 1 points
/// and 2 m + 1 products, of all points but the last, infinity, two; forward sums them, backward
/// data repeats inputs. All entries of at and bt are exact in float.
typedef struct Winograd {
    WinogradMatrix bt; // inputs x pixels read
    WinogradMatrix g;  // products x 3
    WinogradMatrix at; // pixels made x sums
} Winograd;

static inline int winograd_points(int m, int stride)
{
    return stride == 1 ? m + 2 : m + 1;
}
static inline int winograd_products(int m, int stride)
{
    return stride == 1 ? m + 2 : 2 * m + 1;
}

/// The finite points of F(m, 3): m is 2 to 6 for stride 1, 2 to 4 for stride 2. Infinity is one
/// more.
const double *winograd_finite_points(int m, int stride);
/// N_i = product over j != i of (a_i - a_j), of `count` points.
double winograd_norm(const double *a, int count, int i);
/// Coefficients of the product over j != skip of (x - a_j), lowest first.
void winograd_polynomial(const double *a, int count, int skip, double coef[WINOGRAD_MAX_POINTS]);

#endif
