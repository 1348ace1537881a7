// function.c: the functions on compile-time values: len, min, max, abs, floor, ceil, round.
#include "front/function.h"

#include <math.h>
#include <string.h>

static const char *const FUNCTIONS[] = {"len", "min", "max", "abs", "floor", "ceil", "round"};
enum { FUNCTION_COUNT = sizeof FUNCTIONS / sizeof FUNCTIONS[0] };

bool function_exists(const char *name)
{
    for (size_t i = 0; i < FUNCTION_COUNT; i++) {
        if (strcmp(FUNCTIONS[i], name) == 0) {
            return true;
        }
    }
    return false;
}

const char *const *function_names(size_t *count)
{
    *count = FUNCTION_COUNT;
    return FUNCTIONS;
}

static Val report_argument(Front *f, const Frame *frame, const Call *call, const char *wanted,
                           const Val *got)
{
    (void)front_error(f, frame, call->range, "%s takes %s, not %s", call->name.text, wanted,
                      val_describe(f->arena, got));
    return val_poison();
}

static Val call_len(Front *f, const Frame *frame, const Call *call, const Val *x)
{
    if (x->kind == VAL_LIST) {
        return val_int(x->u.list.count);
    }
    return report_argument(f, frame, call, "a list", x);
}

// min and max: of the arguments, or of one list.
static Val call_extreme(Front *f, const Frame *frame, const Call *call, const Val *args,
                        uint32_t count, bool largest)
{
    if (count == 1 && args[0].kind == VAL_LIST) {
        count = args[0].u.list.count;
        args = args[0].u.list.at;
    }
    if (!count) {
        (void)front_error(f, frame, call->range, "%s needs at least one number", call->name.text);
        return val_poison();
    }
    if (!front_charge(f, frame, call->range, count)) {
        return val_poison();
    }
    const Val *best = &args[0];
    for (uint32_t i = 0; i < count; i++) {
        if (!val_is_number(&args[i])) {
            return report_argument(f, frame, call, "numbers", &args[i]);
        }
        double x = val_number(&args[i]), y = val_number(best);
        if (largest ? x > y : x < y) {
            best = &args[i];
        }
    }
    return *best;
}

static Val call_abs(Front *f, const Frame *frame, const Call *call, const Val *x)
{
    if (x->kind == VAL_FLOAT) {
        return val_float(fabs(x->u.real));
    }
    if (x->kind != VAL_INT || x->u.integer == INT64_MIN) {
        return report_argument(f, frame, call, "a number", x);
    }
    return val_int(x->u.integer < 0 ? -x->u.integer : x->u.integer);
}

static Val call_rounding(Front *f, const Frame *frame, const Call *call, const Val *x)
{
    if (x->kind == VAL_INT) {
        return *x;
    }
    if (x->kind != VAL_FLOAT) {
        return report_argument(f, frame, call, "a number", x);
    }
    char which = call->name.text[0];
    double y = which == 'f' ? floor(x->u.real) : which == 'c' ? ceil(x->u.real) : round(x->u.real);
    if (y < -9223372036854775808.0 || y >= 9223372036854775808.0) {
        return report_argument(f, frame, call, "a number of at most 64 bits", x);
    }
    return val_int((int64_t)y);
}

Val function_call(Front *f, const Frame *frame, const Call *call, const Val *args)
{
    const char *name = call->name.text;
    uint32_t count = call->args.count;
    if (strcmp(name, "min") == 0 || strcmp(name, "max") == 0) {
        return call_extreme(f, frame, call, args, count, strcmp(name, "max") == 0);
    }
    if (count != 1) {
        (void)front_error(f, frame, call->range, "%s takes one argument, not %u", name,
                          (unsigned)count);
        return val_poison();
    }
    if (strcmp(name, "len") == 0) {
        return call_len(f, frame, call, args);
    }
    if (strcmp(name, "abs") == 0) {
        return call_abs(f, frame, call, args);
    }
    return call_rounding(f, frame, call, args);
}
