// elem.c: one row per type of element.
#include "ir/elem.h"

typedef struct ElemRow {
    const char *name;
    uint32_t bytes;
    bool is_float;
} ElemRow;

static const ElemRow rows[] = {
    [ELEM_F32] = {"f32", 4, true},  [ELEM_BF16] = {"bf16", 2, true}, [ELEM_F16] = {"f16", 2, true},
    [ELEM_S8] = {"s8", 1, false},   [ELEM_U8] = {"u8", 1, false},    [ELEM_S16] = {"s16", 2, false},
    [ELEM_S32] = {"s32", 4, false}, [ELEM_U32] = {"u32", 4, false},  [ELEM_F64] = {"f64", 8, true},
};

uint32_t elem_bytes(Elem e)
{
    return rows[e].bytes;
}

const char *elem_name(Elem e)
{
    return rows[e].name;
}

bool elem_is_float(Elem e)
{
    return rows[e].is_float;
}
