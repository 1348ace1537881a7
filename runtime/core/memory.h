// memory.h: sizes with overflow checks, and aligned memory.
#ifndef RUNTIME_CORE_MEMORY_H
#define RUNTIME_CORE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resnetc/model_abi.h"
#include "resnetc/tensor_io.h"

enum { MEMORY_ALIGN = 64 };

/// *out = a * b or a + b; false when it does not fit.
static inline bool checked_mul(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool checked_add(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

/// Memory at a multiple of align (a power of two, raised to 64), at least one byte; NULL when there
/// is none. Content is undefined. Free with free(). Large blocks ask the system for huge pages.
void *rni_memory_aligned(uint64_t bytes, size_t align);

/// The same, zeroed.
void *rni_memory_aligned_zero(uint64_t bytes, size_t align);

/// Product of a shape's dimensions; false when it does not fit 63 bits.
bool rni_shape_elements(const RnShape *shape, uint64_t *out);

/// The shape of an unbatched tensor.
RnShape rni_shape_of_tensor(const RnTensor *tensor);

bool rni_shape_equal(const RnShape *a, const RnShape *b);

#endif
