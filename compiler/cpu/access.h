// access.h: tensors in memory as kernels see them: a pointer and what is stored there. Loads widen
// to f32, the type in which elementwise work and sums are done; stores narrow and round to nearest
// even. So a kernel is written once for every type of element, and no byte count by hand: what a
// number of elements takes, access_bytes says.
// Not here: products (Dot in isa.h), layouts (ir/shape.h), which tensor a step reads (kernel.h).
#ifndef CPU_ACCESS_H
#define CPU_ACCESS_H

#include "cpu/vb.h"
#include "ir/elem.h"

typedef struct Access {
    Val at;
    Elem elem;
} Access;

/// Bytes of so many elements of the tensor.
static inline int64_t access_bytes(Access a, int64_t elements)
{
    return elem_size(a.elem, elements);
}
/// The place so many bytes behind: sums of products of indices and access_bytes.
Access access_at(Vb *b, Access a, Val byte_offset);
Access access_ati(Vb *b, Access a, int64_t byte_offset);
/// The place of element `index` of runs of `elements` each.
Access access_index(Vb *b, Access a, Val index, int64_t elements);
/// The same tensor elsewhere, where a loop carries the pointer.
static inline Access access_as(Access a, Val at)
{
    a.at = at;
    return a;
}
/// From the byte offset of an element of `from` to that of the element of `to` with the same index.
Val access_rescale(Vb *b, Val byte_offset, Elem from, Elem to);

/// x as it comes back from memory that stores `elem`.
Val access_round(Vb *b, Val x, Elem elem);

// V elements at a multiple of V elements, or anywhere. f32 in registers.
Val access_load(Vb *b, Access a);
Val access_load_unaligned(Vb *b, Access a);
Val access_load_lanes(Vb *b, Access a, uint32_t lanes); // the first ones; the others are zero
Val access_load_scalar(Vb *b, Access a);                // one element, f32
Val access_broadcast(Vb *b, Access a);                  // one element in every lane
/// V doubles of a partial sum, whose vectors are aligned as those of f32 are.
Val access_load_double(Vb *b, Access a);
void access_store_double(Vb *b, Val x, Access a);
void access_store(Vb *b, Val x, Access a);
void access_store_unaligned(Vb *b, Val x, Access a);
void access_store_lanes(Vb *b, Val x, Access a, uint32_t lanes); // the rest stays untouched
void access_store_scalar(Vb *b, Val x, Access a);
/// As access_store, around the caches; other threads see it after access_fence.
void access_store_streaming(Vb *b, Val x, Access a);
void access_fence(Vb *b);

#define ACCESS_CACHE_LINE 64
/// Fetches the line at p into L2. p may lie anywhere: a prefetch never faults.
void access_prefetch(Vb *b, Val p);

#endif
