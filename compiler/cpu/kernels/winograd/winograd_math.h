// winograd_math.h: the matrices of Winograd's minimal filtering F(m, 3), of stride 1 or 2, forward
// and backward data, and their emission as vector code.
#ifndef CPU_KERNELS_WINOGRAD_WINOGRAD_MATH_H
#define CPU_KERNELS_WINOGRAD_WINOGRAD_MATH_H

#include "cpu/vb.h"

#define WINOGRAD_MAX_POINTS 9
#define WINOGRAD_TAPS 3

typedef struct WinogradMatrix {
    int rows, columns;
    double at[WINOGRAD_MAX_POINTS][WINOGRAD_MAX_POINTS]; // [row][column]
} WinogradMatrix;

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

/// m is 2 to 6 for stride 1, 2 to 4 for stride 2.
Winograd winograd_make(int m, int stride);
Winograd winograd_make_strided(int m); // of stride 2
/// Backward data of stride 2, g the taps of the forward convolution in reverse order: 2 m outputs,
/// the first of which meets the middle tap.
Winograd winograd_make_spread(int m);
/// The same with pixels and taps in reverse order.
void winograd_mirror(Winograd *w);
/// The finite points of F(m, 3) and, of `count` points, N_i = product over j != i of (a_i - a_j).
const double *winograd_finite_points(int m, int stride);
double winograd_norm(const double *a, int count, int i);
/// Coefficients of the product over j != skip of (x - a_j), lowest first.
void winograd_polynomial(const double *a, int count, int skip, double coef[WINOGRAD_MAX_POINTS]);

/// out[rows] = matrix * in[columns], in as few vector operations as the structure of the matrix
/// allows. Entries must be exact in float.
void winograd_emit(Vb *b, const WinogradMatrix *m, const Val *in, Val *out);
WinogradMatrix winograd_transpose(const WinogradMatrix *m);

#endif
