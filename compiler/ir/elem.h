// elem.h: the types of elements that tensors are stored in. What a kernel computes in is another
// matter: elementwise work is f32 whatever is stored (cpu/access.h).
#ifndef IR_ELEM_H
#define IR_ELEM_H

#include <stdbool.h>
#include <stdint.h>

#include "resnetc/model_abi.h"

/// The numbers are those of the objects' tables, so that one is written as the other.
typedef enum Elem {
    ELEM_F32 = RN_F32,
    ELEM_BF16 = RN_BF16,
    ELEM_F16 = RN_F16,
    ELEM_S8 = RN_S8,
    ELEM_U8 = RN_U8,
    ELEM_S16 = RN_S16,
    ELEM_S32 = RN_S32,
    ELEM_U32 = RN_U32,
    ELEM_F64 = RN_F64,
} Elem;

uint32_t elem_bytes(Elem e);
const char *elem_name(Elem e); // "f32", "bf16", ...
bool elem_is_float(Elem e);

/// Bytes of so many elements.
static inline int64_t elem_size(Elem e, int64_t elements)
{
    return elements * (int64_t)elem_bytes(e);
}

#endif
