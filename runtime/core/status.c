// status.c: errors with text.
#include "resnetc/status.h"

#include <stddef.h>
#include <stdarg.h>
#include <stdio.h>

RnStatus rn_fail(RnError *err, RnStatus status, const char *fmt, ...)
{
    if (err == NULL) {
        return status;
    }
    err->status = status;
    va_list args;
    va_start(args, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, args);
    va_end(args);
    return status;
}

int rn_status_exit_code(RnStatus status)
{
    switch (status) {
    case RN_OK:
        return 0;
    case RN_ERR_INPUT:
    case RN_ERR_NAN:
    case RN_ERR_MODEL:
        return 1;
    case RN_ERR_USAGE:
    case RN_ERR_BATCH:
    case RN_ERR_MISSING:
        return 2;
    case RN_ERR_IO:
    case RN_ERR_MEMORY:
    case RN_ERR_ISA:
        return 3;
    }
    return 3;
}

const char *rn_status_name(RnStatus status)
{
    switch (status) {
    case RN_OK:
        return "ok";
    case RN_ERR_INPUT:
        return "wrong input";
    case RN_ERR_USAGE:
        return "wrong use";
    case RN_ERR_IO:
        return "input or output failed";
    case RN_ERR_MEMORY:
        return "out of memory";
    case RN_ERR_ISA:
        return "machine lacks instructions";
    case RN_ERR_BATCH:
        return "wrong batch";
    case RN_ERR_NAN:
        return "not a finite number";
    case RN_ERR_MODEL:
        return "model cannot be run";
    case RN_ERR_MISSING:
        return "missing";
    }
    return "unknown";
}
