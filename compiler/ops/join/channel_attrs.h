// channel_attrs.h: attributes of operators that add or take channels.
#ifndef OPS_JOIN_CHANNEL_ATTRS_H
#define OPS_JOIN_CHANNEL_ATTRS_H

#include "ir/opdef.h"

typedef struct PadChannelsAttrs {
    int64_t before, after;
} PadChannelsAttrs;

typedef struct SliceAttrs {
    int64_t begin, count;
} SliceAttrs;

#endif
