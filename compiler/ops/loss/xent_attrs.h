// xent_attrs.h: attributes of the cross entropy and its gradient.
#ifndef OPS_LOSS_XENT_ATTRS_H
#define OPS_LOSS_XENT_ATTRS_H

#include "ir/opdef.h"

typedef struct XentAttrs { // softmax_xent and its gradient
    double smoothing;      // part of each target spread over all classes, 0 .. 1
} XentAttrs;

#define XENT_ATTRS                                                                                 \
    {                                                                                              \
        .name = "smoothing", .type = ATTR_FLOAT, .offset = offsetof(XentAttrs, smoothing),         \
        .max = 1,                                                                                  \
        .doc = "Part of each target that is spread over all classes (Szegedy et al. 2016)."        \
    }

#endif
