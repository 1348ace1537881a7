// drop_attrs.h: attributes of dropout, stochastic depth and their masks.
#ifndef OPS_DROP_DROP_ATTRS_H
#define OPS_DROP_DROP_ATTRS_H

#include "ir/opdef.h"

typedef struct DropAttrs { // dropout, drop_path and their masks
    double p;              // probability to drop
    int64_t salt;          // distinguishes the nodes of a model
} DropAttrs;

#define DROP_ATTRS                                                                                 \
    {.name = "p",                                                                                  \
     .type = ATTR_FLOAT,                                                                           \
     .offset = offsetof(DropAttrs, p),                                                             \
     .required = true,                                                                             \
     .position = 1,                                                                                \
     .min = 0,                                                                                     \
     .max = 0.999999,                                                                              \
     .doc = "probability to drop"},                                                                \
    {                                                                                              \
        .name = "salt", .type = ATTR_INT, .offset = offsetof(DropAttrs, salt), .min = 0,           \
        .max = 1e12, .doc = "names the random stream; 0, the default: one of its own"              \
    }

#endif
