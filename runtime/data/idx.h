// idx.h: the IDX format of MNIST.
#ifndef RUNTIME_DATA_IDX_H
#define RUNTIME_DATA_IDX_H

#include <stddef.h>
#include <stdint.h>

#include "resnetc/status.h"

/// An array of unsigned bytes inside a file's bytes.
typedef struct Idx {
    uint32_t rank;
    uint32_t dim[4];
    const uint8_t *data;
} Idx;

/// Reads an IDX file of unsigned bytes and of this rank (1 .. 4) from memory. `path` names it in
/// messages.
RnStatus rni_idx_parse(const uint8_t *bytes, size_t size, const char *path, uint32_t rank, Idx *out,
                       RnError *err);

#endif
