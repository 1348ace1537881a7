// read_preprocess.c: what stands behind an input's colon: how pictures become this input.
// Not here: doing it (runtime/data/transform.c).
#include "front/read_preprocess.h"

#include <math.h>
#include <string.h>

#include "front/expand.h"

enum { MAX_ARGS = 2, MAX_SIDE = 32768 };

// The steps in the order in which they must be stated.
typedef enum StepKind { STEP_RESIZE, STEP_CROP, STEP_NORMALIZE } StepKind;

typedef struct StepDef {
    const char *name;
    StepKind kind;
    const char *args[MAX_ARGS]; // NULL: no more
} StepDef;

static const StepDef STEPS[] = {
    {"resize", STEP_RESIZE, {"size", NULL}},        {"centre_crop", STEP_CROP, {NULL, NULL}},
    {"center_crop", STEP_CROP, {NULL, NULL}},       {"normalize", STEP_NORMALIZE, {"mean", "std"}},
    {"normalise", STEP_NORMALIZE, {"mean", "std"}},
};
enum { STEP_COUNT = sizeof STEPS / sizeof STEPS[0] };

typedef struct Reader {
    Front *f;
    Frame *frame;
    const Shape *shape; // of the input
    RnPreprocess *out;
    int done; // 1 + the last StepKind met
} Reader;

static const StepDef *find_step(const Reader *r, const Call *call)
{
    const char *names[STEP_COUNT];
    for (size_t i = 0; i < STEP_COUNT; i++) {
        names[i] = STEPS[i].name;
        if (strcmp(names[i], call->name.text) == 0) {
            return &STEPS[i];
        }
    }
    DiagItem *item = front_error(r->f, r->frame, call->name.range,
                                 "`%s` is no step from picture to input", call->name.text);
    if (nearest_name(call->name.text, names, STEP_COUNT)) {
        front_suggest(r->f, item, call->name.text, names, STEP_COUNT);
    } else {
        diag_help(r->f->diag, item, "these are: resize, centre_crop, normalize");
    }
    return NULL;
}

// The place of an argument among the step's, or MAX_ARGS after a report. position: of those
// without a name.
static uint32_t find_arg(const Reader *r, const StepDef *step, const Arg *arg, uint32_t position)
{
    uint32_t count = 0;
    while (count < MAX_ARGS && step->args[count]) {
        count++;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (arg->name.text ? strcmp(step->args[i], arg->name.text) == 0 : i == position) {
            return i;
        }
    }
    if (arg->name.text) {
        DiagItem *item = front_error(r->f, r->frame, arg->name.range, "%s has no argument `%s`",
                                     step->name, arg->name.text);
        front_suggest(r->f, item, arg->name.text, step->args, count);
    } else {
        (void)front_error(r->f, r->frame, arg->range, "%s takes %u argument%s", step->name,
                          (unsigned)count, count == 1 ? "" : "s");
    }
    return MAX_ARGS;
}

// values[i]: argument i, or VAL_NONE where it is not given; false after a report.
static bool read_args(Reader *r, const StepDef *step, const Call *call, Val *values)
{
    bool ok = true;
    uint32_t position = 0;
    for (uint32_t i = 0; i < call->args.count; i++) {
        const Arg *arg = &call->args.at[i];
        Val v = eval_expr(r->f, r->frame, arg->value);
        uint32_t at = find_arg(r, step, arg, position);
        position += arg->name.text == NULL;
        ok = ok && at < MAX_ARGS && v.kind != VAL_POISON;
        if (!ok) {
            continue;
        }
        if (values[at].kind != VAL_NONE) {
            (void)front_error(r->f, r->frame, arg->range, "%s: %s is given twice", step->name,
                              step->args[at]);
            ok = false;
        }
        values[at] = v;
    }
    return ok;
}

static bool is_side(const Val *v)
{
    return v->kind == VAL_INT && v->u.integer >= 1 && v->u.integer <= MAX_SIDE;
}

static void read_resize(Reader *r, const Call *call, const Val *size)
{
    if (is_side(size)) {
        r->out->resize_shorter = (uint32_t)size->u.integer;
    } else if (size->kind == VAL_LIST && size->u.list.count == 2 && is_side(&size->u.list.at[0]) &&
               is_side(&size->u.list.at[1])) {
        r->out->resize_height = (uint32_t)size->u.list.at[0].u.integer;
        r->out->resize_width = (uint32_t)size->u.list.at[1].u.integer;
    } else {
        DiagItem *item = front_error(
            r->f, r->frame, call->range, "resize takes the shorter side or a size, 1 to %d, not %s",
            MAX_SIDE, size->kind == VAL_NONE ? "nothing" : val_describe(r->f->arena, size));
        diag_help(r->f->diag, item, "resize(256) or resize(256x320)");
    }
}

// A number for all channels or a list with one for each; false after a report.
static bool read_channels(Reader *r, const Call *call, const char *name, const Val *v, double *out)
{
    uint32_t channels = (uint32_t)shape_channels(r->shape);
    if (v->kind == VAL_NONE) {
        return true;
    }
    bool list = v->kind == VAL_LIST, ok = !list || v->u.list.count == channels;
    for (uint32_t c = 0; ok && c < RN_PICTURE_CHANNELS; c++) {
        const Val *x = !list ? v : &v->u.list.at[c < channels ? c : 0];
        ok = val_is_number(x) && isfinite(val_number(x));
        out[c] = ok ? val_number(x) : 0;
    }
    if (!ok) {
        (void)front_error(r->f, r->frame, call->range,
                          "normalize: %s is a number or a list of %u numbers, one per channel, not "
                          "%s",
                          name, (unsigned)channels, val_describe(r->f->arena, v));
    }
    return ok;
}

static void read_normalize(Reader *r, const Call *call, const Val *values)
{
    int64_t channels = shape_channels(r->shape);
    if (channels != 1 && channels != 3) {
        (void)front_error(r->f, r->frame, call->range,
                          "normalize: pictures have 1 or 3 channels, this input has %lld",
                          (long long)channels);
        return;
    }
    RnPreprocess *p = r->out;
    if (!read_channels(r, call, "mean", &values[0], p->mean) ||
        !read_channels(r, call, "std", &values[1], p->std)) {
        return;
    }
    for (int64_t c = 0; c < channels; c++) {
        if (!(p->std[c] > 0)) {
            (void)front_error(r->f, r->frame, call->range, "normalize: std must be above 0, not %g",
                              p->std[c]);
            return;
        }
    }
    p->normalize = 1;
}

static void read_call(Reader *r, const Call *call)
{
    const StepDef *step = find_step(r, call);
    Val values[MAX_ARGS] = {val_none(), val_none()};
    if (!step || !read_args(r, step, call, values)) {
        return;
    }
    if ((int)step->kind < r->done) {
        static const char *const AFTER[] = {"resize", "centre_crop", "normalize"};
        DiagItem *item = front_error(r->f, r->frame, call->range, "%s stands after %s", step->name,
                                     AFTER[r->done - 1]);
        diag_help(r->f->diag, item, "each once, in this order: resize, centre_crop, normalize");
        return;
    }
    r->done = (int)step->kind + 1;
    switch (step->kind) {
    case STEP_RESIZE:
        read_resize(r, call, &values[0]);
        return;
    case STEP_CROP:
        r->out->centre_crop = 1;
        return;
    case STEP_NORMALIZE:
        read_normalize(r, call, values);
        return;
    }
}

static void read_step(Reader *r, const Stmt *s);

static void read_body(Reader *r, const StmtList *body)
{
    for (uint32_t i = 0; i < body->count && !r->f->stopped; i++) {
        read_step(r, body->at[i]);
    }
}

static void read_if(Reader *r, const Stmt *s)
{
    Val condition = eval_condition(r->f, r->frame, s->value);
    if (condition.kind == VAL_BOOL && condition.u.truth) {
        read_body(r, &s->body);
    } else if (condition.kind == VAL_BOOL && s->u.otherwise) {
        read_step(r, s->u.otherwise);
    }
}

static void read_step(Reader *r, const Stmt *s)
{
    if (!front_charge(r->f, r->frame, s->range, 1) || s->kind == STMT_ERROR) {
        return;
    }
    if (s->kind == STMT_CALL) {
        read_call(r, s->u.call);
    } else if (s->kind == STMT_GROUP) {
        read_body(r, &s->body);
    } else if (s->kind == STMT_IF) {
        read_if(r, s);
    } else {
        (void)front_error(r->f, r->frame, s->range,
                          "behind an input stand only resize, centre_crop and normalize");
    }
}

const RnPreprocess *preprocess_eval(Front *f, Frame *frame, const Stmt *input, const Shape *shape)
{
    if (!input->body.count) {
        return NULL;
    }
    if (shape->rank != 4) {
        (void)front_error(f, frame, input->range,
                          "only an input of channels, height and width takes pictures");
        return NULL;
    }
    RnPreprocess *out = ARENA_NEW(f->arena, RnPreprocess);
    for (int c = 0; c < RN_PICTURE_CHANNELS; c++) {
        out->std[c] = 1;
    }
    Reader r = {.f = f, .frame = frame, .shape = shape, .out = out};
    read_body(&r, &input->body);
    return r.done ? out : NULL;
}
