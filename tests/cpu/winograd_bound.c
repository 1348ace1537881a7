// winograd_bound.c: the products of absolute values that bound Winograd's roundings.
#include "cpu/winograd_bound.h"

#include <math.h>
#include <string.h>

#include "cpu/kernels/winograd/winograd_math.h"

#define BOUND_POINTS (WINOGRAD_MAX_POINTS * WINOGRAD_MAX_POINTS)

typedef struct BoundPass {
    Arena *arena;
    Winograd row, column;
    const Plain *in, *w;
    int step, spread; // tiles lie step pixels of `in` apart for spread pixels of what is made
    bool backward;    // in is dy, out dx, w transposed and rotated
    int64_t pad[2];   // of in
    int64_t made, reduced;
} BoundPass;

// Zero outside of the picture.
static double bound_pixel(const Plain *p, int64_t n, int64_t c, int64_t y, int64_t x)
{
    bool inside = y >= 0 && y < plain_dim(p, 2) && x >= 0 && x < plain_dim(p, 3);
    return inside ? fabs(p->at[plain_index(p, n, c, y, x)]) : 0;
}

// to[rows.rows][columns.rows] = |rows| from[rows.columns][columns.columns] |columns|^T
static void bound_transform(const WinogradMatrix *rows, const WinogradMatrix *columns,
                            const double *from, double *to)
{
    for (int i = 0; i < rows->rows; i++) {
        for (int j = 0; j < columns->rows; j++) {
            double sum = 0;
            for (int p = 0; p < rows->columns; p++) {
                for (int q = 0; q < columns->columns; q++) {
                    sum += fabs(rows->at[i][p]) * from[p * columns->columns + q] *
                           fabs(columns->at[j][q]);
                }
            }
            to[i * columns->rows + j] = sum;
        }
    }
}

// A tile of the picture from (y, x) on, as large as the matrices read, in points.
static void bound_tile(const WinogradMatrix *rows, const WinogradMatrix *columns, const Plain *p,
                       const int64_t at[4], double *to)
{
    double tile[BOUND_POINTS];
    for (int i = 0; i < rows->columns; i++) {
        for (int j = 0; j < columns->columns; j++) {
            tile[i * columns->columns + j] = bound_pixel(p, at[0], at[1], at[2] + i, at[3] + j);
        }
    }
    bound_transform(rows, columns, tile, to);
}

static double *bound_weights(const BoundPass *b)
{
    int64_t count = b->made * b->reduced * BOUND_POINTS;
    double *u = ARENA_ARRAY(b->arena, double, count);
    for (int64_t k = 0; k < b->made; k++) {
        for (int64_t c = 0; c < b->reduced; c++) {
            double tap[9];
            for (int i = 0; i < 9; i++) {
                int64_t at =
                    b->backward ? plain_index(b->w, c, k, 0, 8 - i) : plain_index(b->w, k, c, 0, i);
                tap[i] = fabs(b->w->at[at]);
            }
            bound_transform(&b->row.g, &b->column.g, tap, u + (k * b->reduced + c) * BOUND_POINTS);
        }
    }
    return u;
}

// R B^T and A^T S: a row and a column for each product.
static Winograd bound_matrices(int m, int stride, bool spread, bool mirrored)
{
    Winograd w = spread ? winograd_make_backward(m, stride, mirrored) : winograd_make(m, stride);
    for (int q = 0; q < w.g.rows; q++) {
        memmove(w.bt.at[q], w.bt.at[q % w.bt.rows], sizeof w.bt.at[q]);
        for (int i = 0; i < w.at.rows; i++) {
            w.at.at[i][q] = w.at.at[i][q % w.at.columns];
        }
    }
    w.bt.rows = w.at.columns = w.g.rows;
    return w;
}

// The outputs of one tile, its first at (y, x) of `to`.
static void bound_outputs(const BoundPass *b, const double *u, Plain *to, const int64_t at[3])
{
    int64_t count = b->reduced * BOUND_POINTS;
    double *v = ARENA_ARRAY(b->arena, double, count);
    for (int64_t c = 0; c < b->reduced; c++) {
        int64_t from[4] = {at[0], c, at[1] * b->step / b->spread - b->pad[0],
                           at[2] * b->step / b->spread - b->pad[1]};
        bound_tile(&b->row.bt, &b->column.bt, b->in, from, v + c * BOUND_POINTS);
    }
    for (int64_t k = 0; k < b->made; k++) {
        double m[BOUND_POINTS] = {0}, y[BOUND_POINTS];
        for (int64_t c = 0; c < b->reduced; c++) {
            for (int p = 0; p < b->row.g.rows * b->column.g.rows; p++) {
                m[p] += u[(k * b->reduced + c) * BOUND_POINTS + p] * v[c * BOUND_POINTS + p];
            }
        }
        bound_transform(&b->row.at, &b->column.at, m, y);
        for (int i = 0; i < b->row.at.rows && at[1] + i < plain_dim(to, 2); i++) {
            for (int j = 0; j < b->column.at.rows && at[2] + j < plain_dim(to, 3); j++) {
                to->bound[plain_index(to, at[0], k, at[1] + i, at[2] + j)] =
                    y[i * b->column.at.rows + j];
            }
        }
    }
}

static void bound_pass(const BoundPass *b, Plain *to)
{
    const double *u = bound_weights(b);
    for (int64_t n = 0; n < plain_dim(to, 0); n++) {
        for (int64_t y = 0; y < plain_dim(to, 2); y += b->row.at.rows) {
            for (int64_t x = 0; x < plain_dim(to, 3); x += b->column.at.rows) {
                int64_t at[3] = {n, y, x};
                bound_outputs(b, u, to, at);
            }
        }
    }
}

// du += D[k] V[c] of one tile.
static void bound_products(const BoundPass *b, const Plain *dy, const int64_t at[3], double *du)
{
    WinogradMatrix a_row = winograd_transpose(&b->row.at);
    WinogradMatrix a_column = winograd_transpose(&b->column.at);
    int64_t count = b->reduced * BOUND_POINTS;
    double *v = ARENA_ARRAY(b->arena, double, count), d[BOUND_POINTS];
    for (int64_t c = 0; c < b->reduced; c++) {
        int64_t from[4] = {at[0], c, at[1] * b->step - b->pad[0], at[2] * b->step - b->pad[1]};
        bound_tile(&b->row.bt, &b->column.bt, b->in, from, v + c * BOUND_POINTS);
    }
    for (int64_t k = 0; k < b->made; k++) {
        int64_t from[4] = {at[0], k, at[1], at[2]};
        bound_tile(&a_row, &a_column, dy, from, d);
        for (int64_t c = 0; c < b->reduced; c++) {
            for (int p = 0; p < b->row.g.rows * b->column.g.rows; p++) {
                du[(k * b->reduced + c) * BOUND_POINTS + p] += d[p] * v[c * BOUND_POINTS + p];
            }
        }
    }
}

static void bound_gradient(const BoundPass *b, const Plain *dy, Plain *dw)
{
    int64_t count = b->made * b->reduced * BOUND_POINTS;
    double *du = ARENA_ARRAY(b->arena, double, count);
    for (int64_t n = 0; n < plain_dim(dy, 0); n++) {
        for (int64_t y = 0; y < plain_dim(dy, 2); y += b->row.at.rows) {
            for (int64_t x = 0; x < plain_dim(dy, 3); x += b->column.at.rows) {
                int64_t at[3] = {n, y, x};
                bound_products(b, dy, at, du);
            }
        }
    }
    WinogradMatrix g_row = winograd_transpose(&b->row.g);
    WinogradMatrix g_column = winograd_transpose(&b->column.g);
    for (int64_t i = 0; i < b->made * b->reduced; i++) {
        bound_transform(&g_row, &g_column, du + i * BOUND_POINTS, dw->bound + i * 9);
    }
}

void winograd_bound(Arena *a, const Case *t, Plain v[3], uint32_t out_of, int rows, int columns)
{
    bool spread = out_of == 0 && t->sh == 2;
    BoundPass b = {.arena = a, .step = spread ? 1 : (int)t->sh, .spread = spread ? 2 : 1};
    b.row = bound_matrices(rows, (int)t->sh, spread, spread && t->pad[0] != 1);
    b.column = bound_matrices(columns, (int)t->sh, spread, spread && t->pad[1] != 1);
    b.in = out_of == 0 ? &v[2] : &v[0];
    b.w = &v[1];
    b.backward = out_of == 0;
    b.made = b.backward ? t->c : t->k;
    b.reduced = b.backward ? t->k : t->c;
    for (int i = 0; i < 2; i++) {
        b.pad[i] = spread ? t->pad[i] == 0 : b.backward ? 2 - t->pad[i] : t->pad[i];
    }
    if (out_of == 1) {
        bound_gradient(&b, &v[2], &v[1]);
    } else {
        bound_pass(&b, &v[out_of]);
    }
}
