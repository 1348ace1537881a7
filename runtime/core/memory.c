// memory.c: aligned memory, shapes.
#define _DEFAULT_SOURCE // madvise, _SC_PHYS_PAGES
#include "core/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const size_t HUGE_PAGE = (size_t)2 << 20;

// Twice the machine's memory. Systems promise more than they have and end the process when it is
// used; a message is better.
static uint64_t largest_block(void)
{
    uint64_t limit = PTRDIFF_MAX - HUGE_PAGE;
#ifdef _SC_PHYS_PAGES
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    if (pages > 0 && page > 0 && (uint64_t)pages < limit / 2 / (uint64_t)page) {
        limit = 2 * (uint64_t)pages * (uint64_t)page;
    }
#endif
    return limit;
}

void *rni_memory_aligned(uint64_t bytes, size_t align)
{
    if (bytes > largest_block()) {
        return NULL;
    }
    size_t size = bytes ? (size_t)bytes : 1;
    bool large = size >= 2 * HUGE_PAGE;
    if (align < MEMORY_ALIGN) {
        align = MEMORY_ALIGN;
    }
    if (large && align < HUGE_PAGE) {
        align = HUGE_PAGE;
    }
    void *block = NULL;
    if (posix_memalign(&block, align, size) != 0) {
        return NULL;
    }
#ifdef MADV_HUGEPAGE
    if (large) {
        (void)madvise(block, size - size % HUGE_PAGE, MADV_HUGEPAGE); // a hint: may fail
    }
#endif
    return block;
}

void *rni_memory_aligned_zero(uint64_t bytes, size_t align)
{
    void *block = rni_memory_aligned(bytes, align);
    if (block != NULL) {
        memset(block, 0, bytes ? (size_t)bytes : 1);
    }
    return block;
}

bool rni_shape_elements(const RnShape *shape, uint64_t *out)
{
    uint64_t n = 1;
    for (uint32_t i = 0; i < shape->rank; i++) {
        if (!checked_mul(n, shape->dim[i], &n) || n > INT64_MAX) {
            return false;
        }
    }
    *out = n;
    return true;
}

RnShape rni_shape_of_tensor(const RnTensor *tensor)
{
    RnShape shape = {.rank = tensor->rank};
    for (uint32_t i = 0; i < tensor->rank; i++) {
        shape.dim[i] = tensor->dim[i];
    }
    return shape;
}

bool rni_shape_equal(const RnShape *a, const RnShape *b)
{
    if (a->rank != b->rank) {
        return false;
    }
    for (uint32_t i = 0; i < a->rank; i++) {
        if (a->dim[i] != b->dim[i]) {
            return false;
        }
    }
    return true;
}

char *rn_shape_text(const RnShape *shape, char *text, size_t bytes)
{
    if (bytes == 0) {
        return text;
    }
    size_t at = 0;
    text[0] = 0;
    for (uint32_t i = 0; i <= shape->rank && at < bytes; i++) {
        const char *before = i == 0 ? "[" : i < shape->rank ? ", " : "";
        int n = i < shape->rank ? snprintf(text + at, bytes - at, "%s%llu", before,
                                           (unsigned long long)shape->dim[i])
                                : snprintf(text + at, bytes - at, "%s]", before);
        at += n > 0 ? (size_t)n : 0;
    }
    return text;
}
