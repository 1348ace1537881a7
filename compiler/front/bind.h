// bind.h: an operator's attributes from a call's arguments.
#ifndef FRONT_BIND_H
#define FRONT_BIND_H

#include "front/state.h"

typedef struct BindArgs {
    const Call *call;
    const Val *values;
    uint32_t tensors; // leading arguments that are tensors
} BindArgs;

/// Fills attrs (op->attr_bytes) from the arguments behind the tensors; false after a report.
bool bind_attrs(Front *f, const Frame *frame, const OpDef *op, const BindArgs *args, void *attrs);

#endif
