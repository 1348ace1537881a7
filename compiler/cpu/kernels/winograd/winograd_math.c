// winograd_math.c: Cook-Toom matrices from exact points, and their products with vectors. Not here:
// the matrices for stride 2 (winograd_strided.c).
//
// For distinct points a_0 .. a_(p-2) and infinity, p = m + 2 (Winograd 1980; Lavin and Gray 2016,
// "Fast algorithms for convolutional neural networks"; the points' influence on the error: Barabasz
// et al. 2020):
//   N_i = product over j != i of (a_i - a_j)
//   G[i][j] = a_i^j / N_i,                       last row  0 0 1
//   A^T[k][i] = a_i^k,                           last column 0 .. 0 1
//   B^T[i] = coefficients of product over j != i of (x - a_j),  last row of product over all j of
//   (x - a_j)
// The points are sixteenths, so that B and A are exact in float; G is used in double.
#include "cpu/kernels/winograd/winograd_math.h"

#include <math.h>
#include <stdbool.h>

#include "base/internal_error.h"

// Pairs +a, -a share sums. Chosen among sixteenths for the least error on random data; an even
// number of finite points needs no 0. Infinity is implied. Root mean square errors at 64 channels:
// stride 1: F(2) 2.7e-7, F(3) 4.5e-7, F(4) 7.5e-7, F(5) 1.6e-6, F(6) 3.5e-6; stride 2: 1.8e-7,
// 2.7e-7, 4.5e-7.
const double *winograd_finite_points(int m, int stride)
{
    static const double points[][7][WINOGRAD_MAX_POINTS - 2] = {
        [1] = {[2] = {0, 1, -1},
               [3] = {0.375, -0.375, 1.1875, -1.1875},
               [4] = {0, 0.6875, -0.6875, 1.5625, -1.5625},
               [5] = {0.3125, -0.3125, 0.875, -0.875, 1.75, -1.75},
               [6] = {0, 1, -1, 2, -2, 0.5, -0.5}},
        [2] = {[2] = {0.6875, -0.6875}, [3] = {0, 1, -1}, [4] = {0.375, -0.375, 1.375, -1.375}},
    };
    if (stride < 1 || stride > 2 || m < 2 || m > (stride == 1 ? 6 : 4)) {
        INTERNAL_ERROR("no points for F(%d,3) of stride %d", m, stride);
    }
    return points[stride][m];
}

double winograd_norm(const double *a, int count, int i)
{
    double n = 1;
    for (int j = 0; j < count; j++) {
        n *= j == i ? 1 : a[i] - a[j];
    }
    return n;
}

void winograd_polynomial(const double *a, int count, int skip, double coef[WINOGRAD_MAX_POINTS])
{
    for (int i = 0; i < WINOGRAD_MAX_POINTS; i++) {
        coef[i] = i == 0;
    }
    for (int j = 0, degree = 0; j < count; j++) {
        if (j == skip) {
            continue;
        }
        degree++;
        for (int i = degree; i >= 0; i--) {
            coef[i] = (i > 0 ? coef[i - 1] : 0) - a[j] * coef[i];
        }
    }
}

Winograd winograd_make(int m, int stride)
{
    if (stride == 2) {
        return winograd_make_strided(m);
    }
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

static void reverse_columns(WinogradMatrix *m)
{
    WinogradMatrix old = *m;
    for (int i = 0; i < m->rows; i++) {
        for (int j = 0; j < m->columns; j++) {
            m->at[i][j] = old.at[i][m->columns - 1 - j];
        }
    }
}

void winograd_mirror(Winograd *w)
{
    WinogradMatrix a = winograd_transpose(&w->at);
    reverse_columns(&a);
    w->at = winograd_transpose(&a);
    reverse_columns(&w->bt);
    reverse_columns(&w->g);
}

WinogradMatrix winograd_transpose(const WinogradMatrix *m)
{
    WinogradMatrix t = {.rows = m->columns, .columns = m->rows};
    for (int i = 0; i < m->rows; i++) {
        for (int j = 0; j < m->columns; j++) {
            t.at[j][i] = m->at[i][j];
        }
    }
    return t;
}

#define MAX_TERMS (2 * WINOGRAD_MAX_POINTS)

// A sum of coef * x over the terms.
typedef struct Sum {
    int count;
    double coef[MAX_TERMS];
    Val x[MAX_TERMS];
} Sum;

static void add_term(Sum *s, double coef, Val x)
{
    if (coef != 0) {
        s->coef[s->count] = coef;
        s->x[s->count++] = x;
    }
}

// A term with coefficient 1 is free as the start; any but -1 costs a product.
static int best_start(const Sum *s)
{
    int best = 0;
    for (int i = 0; i < s->count; i++) {
        if (s->coef[i] == 1) {
            return i;
        }
        if (s->coef[best] == -1) {
            best = i;
        }
    }
    return best;
}

static Val emit_sum(Vb *b, const Sum *s)
{
    if (s->count == 0) {
        return vb_zero(b);
    }
    int start = best_start(s);
    Val sum = s->x[start];
    if (s->coef[start] == -1) {
        sum = vb_fsub(b, vb_zero(b), sum);
    } else if (s->coef[start] != 1) {
        sum = vb_fmul(b, sum, vb_const(b, s->coef[start]));
    }
    for (int i = 0; i < s->count; i++) {
        if (i == start) {
            continue;
        }
        if (s->coef[i] == 1) {
            sum = vb_fadd(b, sum, s->x[i]);
        } else if (s->coef[i] == -1) {
            sum = vb_fsub(b, sum, s->x[i]);
        } else {
            sum = vb_fma(b, vb_const(b, s->coef[i]), s->x[i], sum);
        }
    }
    return sum;
}

static bool is_exact(double x)
{
    return (double)(float)x == x;
}

// Divides by the last coefficient if all quotients are exact; returns the factor.
static double take_factor(Sum *s)
{
    double factor = s->count ? s->coef[s->count - 1] : 1;
    for (int i = 0; i < s->count; i++) {
        if (!is_exact(s->coef[i] / factor)) {
            return 1;
        }
    }
    for (int i = 0; i < s->count; i++) {
        s->coef[i] /= factor;
    }
    return factor;
}

// Rows i and i + 1 of points +a and -a: equal entries and opposite entries are summed once, x and
// y: out[i] = x + y, out[i+1] = x - y.
static bool emit_row_pair(Vb *b, const WinogradMatrix *m, int i, const Val *in, Val *out)
{
    Sum same = {0}, opposite = {0};
    for (int j = 0; j < m->columns; j++) {
        double up = m->at[i][j], down = m->at[i + 1][j];
        if (fabs(up) != fabs(down)) {
            return false;
        }
        add_term(up == down ? &same : &opposite, up, in[j]);
    }
    if (same.count == 0 || opposite.count == 0) {
        return false;
    }
    double factor = take_factor(&opposite);
    Val x = emit_sum(b, &same), y = emit_sum(b, &opposite);
    if (factor == 1) {
        out[i] = vb_fadd(b, x, y);
        out[i + 1] = vb_fsub(b, x, y);
    } else {
        out[i] = vb_fma(b, vb_const(b, factor), y, x);
        out[i + 1] = vb_fma(b, vb_const(b, -factor), y, x);
    }
    return true;
}

static bool is_column_pair(const WinogradMatrix *m, int j)
{
    bool differ = false;
    for (int i = 0; i < m->rows; i++) {
        if (fabs(m->at[i][j]) != fabs(m->at[i][j + 1])) {
            return false;
        }
        differ |= m->at[i][j] != m->at[i][j + 1];
    }
    return differ;
}

void winograd_emit(Vb *b, const WinogradMatrix *m, const Val *in, Val *out)
{
    Sum row[WINOGRAD_MAX_POINTS] = {{0}};
    bool paired = false;
    for (int j = 0; j < m->columns; j++) {
        if (j + 1 < m->columns && is_column_pair(m, j)) {
            Val sum = vb_fadd(b, in[j], in[j + 1]), difference = vb_fsub(b, in[j], in[j + 1]);
            for (int i = 0; i < m->rows; i++) {
                add_term(&row[i], m->at[i][j], m->at[i][j] == m->at[i][j + 1] ? sum : difference);
            }
            paired = true;
            j++;
            continue;
        }
        for (int i = 0; i < m->rows; i++) {
            add_term(&row[i], m->at[i][j], in[j]);
        }
    }
    for (int i = 0; i < m->rows; i++) {
        if (!paired && i + 1 < m->rows && emit_row_pair(b, m, i, in, out)) {
            i++;
            continue;
        }
        out[i] = emit_sum(b, &row[i]);
    }
}
