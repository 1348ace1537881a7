// nonfinite.h: numbers that are infinite or not a number, and variances below zero.
#ifndef RUNTIME_CORE_NONFINITE_H
#define RUNTIME_CORE_NONFINITE_H

#include <stdbool.h>

#include "core/session.h"

/// Index of the first of n floats that is not finite, or n.
uint64_t rni_first_nonfinite(const float *x, uint64_t n);

/// "nan", "inf", "-inf", or the number itself, in text, which is returned.
const char *rni_number_text(float x, char text[32]);

/// Does a running statistic of this name hold variances?
bool rni_is_variance(const char *name);

/// Index of the first element that a parameter or statistic of this name may not have, or n: one
/// that is not finite, or below zero in a variance.
uint64_t rni_first_wrong(const char *name, const float *x, uint64_t n);

/// The step tables that made a result that is not finite, and the call that they served.
typedef struct NonfiniteSearch {
    const char *result; // "the loss", "the output"
    const RnPlan *plan;
    const RnCall *call;
    uint64_t first_image; // added to the number of an image of the call
    bool prepare;         // the prepare steps are part of it
} NonfiniteSearch;

/// First of parameters, statistics, inputs and step outputs that holds an infinity or a NaN (or a
/// negative variance), told in err; the steps are run again, one by one. Returns RN_ERR_NAN always.
RnStatus rni_session_report_nonfinite(RnSession *s, const NonfiniteSearch *search, RnError *err);

/// RN_ERR_NAN, naming the first, when a parameter, a running statistic or, where `gradients` is
/// true, a gradient of the session is wrong in this sense.
RnStatus rni_session_check_finite(RnSession *s, bool gradients, RnError *err);

#endif
