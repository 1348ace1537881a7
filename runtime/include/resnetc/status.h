// status.h: how every function of the runtime says what went wrong.
#ifndef RESNETC_STATUS_H
#define RESNETC_STATUS_H

#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum RnStatus {
    RN_OK = 0,
    RN_ERR_INPUT = 1,  // a file or tensor given by the user is wrong
    RN_ERR_USAGE = 2,  // the call itself makes no sense (a NULL, an option out of range)
    RN_ERR_IO = 3,     // the system refused: missing file, full disk, no permission
    RN_ERR_MEMORY = 4, // out of memory, or a size that no memory can hold
    RN_ERR_ISA = 5,    // this machine lacks the instructions the model was compiled for
    RN_ERR_BATCH = 6,  // a batch of 0, or above the session's largest
    RN_ERR_NAN = 7,    // the loss, an input or a parameter is infinite or not a number
    RN_ERR_MODEL = 8,  // the model's descriptor is not one this runtime can run
    RN_ERR_MISSING = 9 // there is no such thing
} RnStatus;

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
