// cifar.h: the binary files of CIFAR-10 and CIFAR-100. Private to the runtime.
#ifndef RUNTIME_DATA_CIFAR_H
#define RUNTIME_DATA_CIFAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resnetc/status.h"

enum { CIFAR_SIDE = 32, CIFAR_PIXELS = 3 * CIFAR_SIDE * CIFAR_SIDE };

/// The two sets differ in the bytes before a picture's pixels: its class, or coarse and fine class.
typedef enum CifarKind { CIFAR_10 = 1, CIFAR_100 = 2 } CifarKind;

/// Records of a file, checked. The bytes stay the caller's.
typedef struct CifarFile {
    const uint8_t *bytes;
    CifarKind kind;
    uint32_t count;
} CifarFile;

/// Which set the folder holds; false: neither.
bool rni_cifar_detect(const char *folder, CifarKind *kind);

/// Fails with RN_ERR_INPUT when the bytes are no whole records or a class is out of range.
RnStatus rni_cifar_parse(const uint8_t *bytes, size_t size, const char *path, CifarKind kind,
                         CifarFile *out, RnError *err);
/// Copies all pixels, u8 [count, 3, 32, 32], and classes (the fine ones), u32 [count].
void rni_cifar_copy(const CifarFile *file, uint8_t *pixels, uint32_t *labels);

#endif
