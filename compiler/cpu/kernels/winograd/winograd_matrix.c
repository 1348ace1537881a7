// winograd_matrix.c: products of small constant matrices with vectors.
#include "cpu/kernels/winograd/winograd_matrix.h"

#include <math.h>
#include <stdbool.h>

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

void winograd_reverse_columns(WinogradMatrix *m)
{
    WinogradMatrix old = *m;
    for (int i = 0; i < m->rows; i++) {
        for (int j = 0; j < m->columns; j++) {
            m->at[i][j] = old.at[i][m->columns - 1 - j];
        }
    }
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
