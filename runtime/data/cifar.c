// cifar.c: CIFAR's binary files (Krizhevsky 2009): records of a class (CIFAR-100: coarse class,
// then fine class), then the red, green and blue plane of 32 x 32 bytes.
#include "data/cifar.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool has_file(const char *folder, const char *name)
{
    char path[4096];
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    return n > 0 && (size_t)n < sizeof path && access(path, F_OK) == 0;
}

bool rni_cifar_detect(const char *folder, CifarKind *kind)
{
    bool ten = has_file(folder, "data_batch_1.bin") || has_file(folder, "test_batch.bin");
    *kind = ten ? CIFAR_10 : CIFAR_100;
    return ten || has_file(folder, "train.bin") || has_file(folder, "test.bin");
}

RnStatus rni_cifar_parse(const uint8_t *bytes, size_t size, const char *path, CifarKind kind,
                         CifarFile *out, RnError *err)
{
    size_t record = (size_t)kind + CIFAR_PIXELS;
    *out = (CifarFile){.bytes = bytes, .kind = kind};
    if (size == 0 || size % record != 0 || size / record > UINT32_MAX) {
        return rn_fail(err, RN_ERR_INPUT,
                       "%s: %zu bytes are not a whole number of CIFAR-%d records of %zu bytes",
                       path, size, kind == CIFAR_10 ? 10 : 100, record);
    }
    out->count = (uint32_t)(size / record);
    unsigned classes = kind == CIFAR_10 ? 10 : 100;
    for (uint32_t i = 0; i < out->count; i++) {
        unsigned label = bytes[i * record + (size_t)kind - 1];
        if (label >= classes) {
            return rn_fail(err, RN_ERR_INPUT,
                           "%s: picture %u has class %u, but CIFAR-%u has 0 to %u", path, i, label,
                           classes, classes - 1);
        }
    }
    return RN_OK;
}

void rni_cifar_copy(const CifarFile *file, uint8_t *pixels, uint32_t *labels)
{
    size_t record = (size_t)file->kind + CIFAR_PIXELS;
    for (uint32_t i = 0; i < file->count; i++) {
        const uint8_t *at = file->bytes + i * record;
        labels[i] = at[file->kind - 1];
        memcpy(pixels + (size_t)i * CIFAR_PIXELS, at + file->kind, CIFAR_PIXELS);
    }
}
