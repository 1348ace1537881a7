// winograd_strided.c: the matrices of minimal filtering with 3 taps at stride 2, forward and
// backward data (Huang et al. 2020, "DWM: a decomposable Winograd method"; Yepez and Ko 2020,
// "Stride 2 1-D, 2-D, and 3-D Winograd").
//
// Forward. With e and o the inputs of even and odd place,
//   y[i] = w0 e[i] + w2 e[i+1] + w1 o[i]
// is the sum of a correlation with 2 taps and one with 1 tap, both of stride 1. F(m,2) takes m+1
// products, m of them at finite points a_i and one at infinity; F(m,1) takes m, at the same finite
// points. With N_i and the polynomials of winograd_math.c, both over these m points:
//   e, point i:    B^T = coefficients of product over j != i of (x - a_j)    G = (1, a_i) / N_i
//   e, infinity:   B^T = coefficients of product over all j  of (x - a_j)    G = (0, 1)
//   o, point i:    B^T as for e, point i                                     G = 1 / N_i
// (o: A^T restricted to finite points is a Vandermonde matrix, whose inverse has the rows
// B^T[i] / N_i.) Product i is that of point i for e, product m+1+i that for o.
//
// Since the points agree, A^T is the same for both, and products of the same point are summed
// before it: 2m+1 products make m+1 sums, and these make m outputs, which take 3m multiplications
// directly. Nested in two dimensions a tile of m x m costs (2m+1)^2 products instead of 9 m^2:
//   m = 2: 25 instead of 36     m = 3: 49 instead of 81     m = 4: 81 instead of 144
//
// Backward data makes two pixels for each j. Where padding is 1, with g = (w2, w1, w0) the taps in
// reverse order:
//   dx[2j]   = g1 dy[j]
//   dx[2j+1] = g0 dy[j] + g2 dy[j+1]
// This is again a correlation with 1 tap and one with 2 taps. At the same points as above both take
// the same transformed dy: m+1 points of m+1 pixels, of which infinity, the last, is for 2 taps
// only. G is the same. A^T stands in the even rows for 1 tap and in the odd rows for 2 taps: 2m+1
// products make 2m pixels, and a tile of 2m x 2m of them costs (2m+1)^2 instead of 9 m^2.
//
// With paddings of 0 and 2 the first pixel has 2 taps, and everything is mirrored:
//   dx[2j]   = w0 dy[j+1] + w2 dy[j]
//   dx[2j+1] = w1 dy[j+1]
// (dy from -1 on where padding is 0) is the above read from the end to the start.
// Not here: the points (winograd_points.c), matrices for stride 1 (winograd_math.c).
#include "cpu/kernels/winograd/winograd_strided.h"

#include <math.h>

// The products of finite point i, for e and for o.
static void add_point(Winograd *w, const double *a, int m, int i)
{
    int even = i, odd = w->at.columns + i;
    double n = winograd_norm(a, m, i), coef[WINOGRAD_MAX_POINTS];
    winograd_polynomial(a, m, i, coef);
    for (int j = 0; j < m; j++) {
        w->bt.at[even][2 * j] = w->bt.at[odd][2 * j + 1] = coef[j];
        w->at.at[j][i] = pow(a[i], j);
    }
    w->g.at[even][0] = w->g.at[odd][1] = 1 / n;
    w->g.at[even][2] = a[i] / n;
}

Winograd winograd_make_strided(int m)
{
    Winograd w = {0};
    const double *a = winograd_finite_points(m, 2);
    w.bt.rows = w.bt.columns = w.g.rows = winograd_products(m, 2);
    w.g.columns = WINOGRAD_TAPS;
    w.at.rows = m;
    w.at.columns = winograd_points(m, 2);
    for (int i = 0; i < m; i++) {
        add_point(&w, a, m, i);
    }
    double coef[WINOGRAD_MAX_POINTS];
    winograd_polynomial(a, m, -1, coef);
    for (int j = 0; j <= m; j++) {
        w.bt.at[m][2 * j] = coef[j];
    }
    w.g.at[m][2] = 1;
    w.at.at[m - 1][m] = 1;
    return w;
}

Winograd winograd_make_spread(int m)
{
    Winograd s = winograd_make_strided(m), w = {.g = s.g};
    w.bt.rows = w.bt.columns = m + 1;
    w.at.rows = 2 * m;
    w.at.columns = s.g.rows;
    for (int i = 0; i <= m; i++) {
        for (int j = 0; j <= m; j++) {
            w.bt.at[i][j] = s.bt.at[i][2 * j];
        }
        for (int j = 0; j < m; j++) {
            w.at.at[2 * j + 1][i] = s.at.at[j][i];
            if (i < m) {
                w.at.at[2 * j][m + 1 + i] = s.at.at[j][i];
            }
        }
    }
    return w;
}
