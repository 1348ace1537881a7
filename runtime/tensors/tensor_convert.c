// tensor_convert.c: float16, bfloat16 and float64 to float32 (IEEE 754 and its first half).
#include "tensors/tensor_convert.h"

#include <math.h>
#include <string.h>

bool rni_dtype_is_float(const char *dtype)
{
    static const char *const floats[] = {"F32", "F16", "BF16", "F64"};
    for (size_t i = 0; i < sizeof floats / sizeof floats[0]; i++) {
        if (strcmp(dtype, floats[i]) == 0) {
            return true;
        }
    }
    return false;
}

// 1 sign, 5 exponent (bias 15), 10 fraction bits -> 1, 8 (bias 127), 23.
static uint32_t f16_bits(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, exponent = (h >> 10) & 31u, fraction = h & 1023u;
    if (exponent == 31) {
        return sign | 0x7F800000u | fraction << 13;
    }
    if (exponent > 0) {
        return sign | (exponent + 127 - 15) << 23 | fraction << 13;
    }
    if (fraction == 0) {
        return sign;
    }
    // A subnormal, fraction * 2^-24, has a normal float32: move its first bit to bit 10.
    exponent = 127 - 14;
    while (!(fraction & 1024u)) {
        fraction <<= 1;
        exponent--;
    }
    return sign | exponent << 23 | (fraction & 1023u) << 13;
}

static void convert_halves(const RnFileTensor *t, bool bfloat, float *out)
{
    const char *in = t->data;
    for (size_t i = 0; i < t->bytes / 2; i++) {
        uint16_t half;
        memcpy(&half, in + 2 * i, sizeof half);
        uint32_t bits = bfloat ? (uint32_t)half << 16 : f16_bits(half);
        memcpy(&out[i], &bits, sizeof bits);
    }
}

static double double_at(const RnFileTensor *t, size_t i)
{
    double x;
    memcpy(&x, (const char *)t->data + sizeof x * i, sizeof x);
    return x;
}

bool rni_tensor_fits_f32(const RnFileTensor *t)
{
    if (strcmp(t->dtype, "F64") != 0) {
        return true;
    }
    for (size_t i = 0; i < t->bytes / sizeof(double); i++) {
        double x = double_at(t, i);
        if (isinf((float)x) && !isinf(x)) {
            return false;
        }
    }
    return true;
}

static size_t element_bytes(const RnFileTensor *t)
{
    return strcmp(t->dtype, "F64") == 0 ? 8 : strcmp(t->dtype, "F32") == 0 ? 4 : 2;
}

size_t rni_tensor_first_wrong(const RnFileTensor *t, bool variance, float *value)
{
    float part[512];
    size_t size = element_bytes(t), count = t->bytes / size;
    for (size_t first = 0; first < count; first += sizeof part / sizeof *part) {
        size_t n =
            count - first < sizeof part / sizeof *part ? count - first : sizeof part / sizeof *part;
        RnFileTensor some = *t;
        some.data = (const char *)t->data + first * size;
        some.bytes = n * size;
        rni_tensor_to_f32(&some, part);
        for (size_t i = 0; i < n; i++) {
            if (!isfinite(part[i]) || (variance && part[i] < 0)) {
                *value = part[i];
                return first + i;
            }
        }
    }
    return count;
}

void rni_tensor_to_f32(const RnFileTensor *t, float *out)
{
    if (strcmp(t->dtype, "F32") == 0) {
        memcpy(out, t->data, t->bytes);
    } else if (strcmp(t->dtype, "F64") == 0) {
        for (size_t i = 0; i < t->bytes / sizeof(double); i++) {
            out[i] = (float)double_at(t, i);
        }
    } else {
        convert_halves(t, strcmp(t->dtype, "BF16") == 0, out);
    }
}
