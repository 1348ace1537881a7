// winograd_math.c: Cook-Toom matrices from exact points.
//
// For distinct points a_0 .. a_(p-2) and infinity, p = m + 2 (Winograd 1980; Lavin and Gray 2016,
// "Fast algorithms for convolutional neural networks"; the points' influence on the error: Barabasz
// et al. 2020), with N_i = product over j != i of (a_i - a_j):
//   G[i][j]   = a_i^j / N_i                                          last row     0 0 1
//   A^T[k][i] = a_i^k                                                last column  0 .. 0 1
//   B^T[i]    = coefficients of product over j != i of (x - a_j)     last row     of product over
//                                                                                 all j of (x - a_j)
// The points are sixteenths, so that B and A are exact in float; G is used in double.
// Not here: the matrices for stride 2 (winograd_strided.c).
#include "cpu/kernels/winograd/winograd_math.h"

#include <math.h>

#include "cpu/kernels/winograd/winograd_strided.h"

static Winograd make_dense(int m)
{
    Winograd w = {0};
    const double *a = winograd_finite_points(m, 1);
    int points = winograd_points(m, 1), finite = points - 1;
    w.bt.rows = w.bt.columns = w.g.rows = w.at.columns = points;
    w.g.columns = WINOGRAD_TAPS;
    w.at.rows = m;
    for (int i = 0; i < finite; i++) {
        double n = winograd_norm(a, finite, i);
        for (int j = 0; j < WINOGRAD_TAPS; j++) {
            w.g.at[i][j] = pow(a[i], j) / n;
        }
        for (int k = 0; k < m; k++) {
            w.at.at[k][i] = pow(a[i], k);
        }
        winograd_polynomial(a, finite, i, w.bt.at[i]);
    }
    winograd_polynomial(a, finite, -1, w.bt.at[finite]);
    w.g.at[finite][WINOGRAD_TAPS - 1] = 1;
    w.at.at[m - 1][finite] = 1;
    return w;
}

static void mirror(Winograd *w)
{
    WinogradMatrix a = winograd_transpose(&w->at);
    winograd_reverse_columns(&a);
    w->at = winograd_transpose(&a);
    winograd_reverse_columns(&w->bt);
    winograd_reverse_columns(&w->g);
}

Winograd winograd_make(int m, int stride)
{
    return stride == 1 ? make_dense(m) : winograd_make_strided(m);
}

Winograd winograd_make_backward(int m, int stride, bool mirrored)
{
    Winograd w = stride == 1 ? make_dense(m) : winograd_make_spread(m);
    if (mirrored) {
        mirror(&w);
    }
    return w;
}
