// layout_attrs.h: attributes of the changes of layout.
#ifndef OPS_LAYOUT_LAYOUT_ATTRS_H
#define OPS_LAYOUT_LAYOUT_ATTRS_H

#include "ir/opdef.h"

typedef struct PackAttrs {
    const Packing *packing;
} PackAttrs;

typedef struct BlockAttrs { // to_blocked
    int64_t block;
} BlockAttrs;

#endif
