// status.h: how every function of the runtime says what went wrong: RnStatus, which generated headers
// use as well (model_abi.h), with a sentence.
#ifndef RESNETC_STATUS_H
#define RESNETC_STATUS_H

#include "resnetc/model_abi.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { RN_ERROR_TEXT_BYTES = 1024 };

/// A status with a sentence for the user: the place (file, tensor, image) and the reason. Functions
/// that take an RnError accept NULL, and leave it alone when they succeed.
typedef struct RnError {
    RnStatus status;
    char text[RN_ERROR_TEXT_BYTES];
} RnError;

#if defined(__GNUC__)
#define RN_PRINTF(fmt, first) __attribute__((format(printf, fmt, first)))
#else
#define RN_PRINTF(fmt, first)
#endif

/// Fills err (may be NULL) and returns status. Text that is too long is cut.
RnStatus rn_fail(RnError *err, RnStatus status, const char *fmt, ...) RN_PRINTF(3, 4);

/// The tool's exit code for a status: 0 ok, 1 a model or input file is wrong, 2 usage,
/// 3 environment.
int rn_status_exit_code(RnStatus status);

/// "ok", "wrong input", ...: never NULL.
const char *rn_status_name(RnStatus status);

#ifdef __cplusplus
}
#endif
#endif
