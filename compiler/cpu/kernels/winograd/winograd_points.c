// winograd_points.c: the points of Winograd's minimal filtering, and their polynomials.
#include "cpu/kernels/winograd/winograd_points.h"

#include "base/internal_error.h"

// Pairs +a, -a share sums. Chosen among sixteenths for the least error on random data; an even
// number of finite points needs no 0. Infinity is implied. Root mean square errors at 64 channels:
//              F(2)    F(3)    F(4)    F(5)    F(6)
//   stride 1   2.7e-7  4.5e-7  7.5e-7  1.6e-6  3.5e-6
//   stride 2   1.8e-7  2.7e-7  4.5e-7
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
