// exec.c: statements of blocks and of the model.
// Not here: calls (call.c), the top of files (load.c).
#include "front/expand.h"

#include <string.h>

#include "front/function.h"
#include "front/param.h"
#include "front/path.h"
#include "front/read_preprocess.h"
#include "front/vars.h"

static void exec_stmt(Front *f, Frame *frame, const Stmt *s);

void exec_body(Front *f, Frame *frame, const StmtList *body)
{
    for (uint32_t i = 0; i < body->count && !f->stopped; i++) {
        exec_stmt(f, frame, body->at[i]);
    }
}

static void exec_nested(Front *f, Frame *frame, const StmtList *body)
{
    frame->nesting++;
    exec_body(f, frame, body);
    frame->nesting--;
}

static Val current(Front *f, const Frame *frame, SrcRange range)
{
    if (frame->it.kind == VAL_NONE) {
        (void)front_error(f, frame, range, "there is no current tensor here");
    }
    return frame->it.kind == VAL_NONE ? val_poison() : frame->it;
}

// The value of a statement's right side; its call, if it is one, takes the label.
static Val eval_labelled(Front *f, Frame *frame, const AstExpr *e, const char *label)
{
    bool is_layer = e->kind == AST_CALL && !function_exists(e->u.call->name.text);
    return label && is_layer ? call_apply(f, frame, e->u.call, label) : eval_expr(f, frame, e);
}

static void exec_assign(Front *f, Frame *frame, const Stmt *s, const char *label)
{
    const char *name = s->name.text;
    Val v = eval_labelled(f, frame, s->value, label);
    if (name == f->it_name) {
        bool is_tensor = v.kind == VAL_TENSOR || v.kind == VAL_POISON;
        if (!is_tensor) {
            (void)front_error(f, frame, s->range, "`it` is the current tensor and cannot be %s",
                              val_describe(f->arena, &v));
        }
        frame->it = is_tensor ? v : val_poison();
        return;
    }
    const Var *old = vars_find(&frame->vars, name);
    if (old && old->fixed) {
        (void)front_error(f, frame, s->name.range, "`%s` is a param and cannot be assigned", name);
        return;
    }
    (void)vars_set(f, &frame->vars, name, v);
}

static bool require_model(Front *f, const Frame *frame, const Stmt *s, const char *what)
{
    if (frame->block->kind == STMT_MODEL) {
        return true;
    }
    (void)front_error(f, frame, s->range, "%s stands in a model, not in a block", what);
    return false;
}

// The dimensions of an input; false after a report (or when one is poisoned).
static bool eval_dims(Front *f, Frame *frame, const Stmt *s, int64_t dims[3])
{
    uint32_t count = s->u.dims.count;
    if (count != 1 && count != 3) {
        DiagItem *item = front_error(f, frame, s->range, "an input has 1 or 3 dimensions, not %u",
                                     (unsigned)count);
        diag_help(f->diag, item, "input %s[channels, height, width]; the batch is implied",
                  s->name.text);
        return false;
    }
    bool ok = true;
    for (uint32_t i = 0; i < count; i++) {
        const AstExpr *e = s->u.dims.at[i];
        Val v = eval_expr(f, frame, e);
        bool good = v.kind == VAL_INT && v.u.integer > 0;
        if (!good && v.kind != VAL_POISON) {
            (void)front_error(f, frame, e->range, "a dimension is a positive integer, not %s",
                              val_describe(f->arena, &v));
        }
        ok &= good;
        dims[i] = good ? v.u.integer : 1;
    }
    return ok;
}

static bool check_input_name(Front *f, const Frame *frame, const Stmt *s)
{
    for (uint32_t i = 0; i < f->graph->inputs.count; i++) {
        if (strcmp(f->graph->inputs.at[i]->name, s->name.text) != 0) {
            continue;
        }
        (void)front_error(f, frame, s->name.range, "there is an input `%s` already", s->name.text);
        return false;
    }
    return true;
}

static void exec_input(Front *f, Frame *frame, const Stmt *s)
{
    int64_t dims[3];
    if (!require_model(f, frame, s, "an input")) {
        return;
    }
    frame->it = val_poison();
    if (s->name.text == f->it_name) {
        (void)front_error(f, frame, s->name.range,
                          "`it` is the current tensor, not a name to give");
        return;
    }
    if (eval_dims(f, frame, s, dims) && check_input_name(f, frame, s)) {
        Shape shape =
            s->u.dims.count == 3 ? shape_image(dims[0], dims[1], dims[2]) : shape_features(dims[0]);
        if (shape_fits(&shape)) {
            Value *input = graph_add_value(f->graph, VALUE_INPUT, ELEM_F32, shape, s->name.text,
                                           front_loc(frame, s->range));
            input->preprocess = preprocess_eval(f, frame, s, &shape);
            frame->it = val_tensor(input);
        } else {
            (void)front_error(f, frame, s->range,
                              "the input has more than 2^40 elements per image");
        }
    }
    (void)vars_set(f, &frame->vars, s->name.text, frame->it);
}

static const char *output_name(const Stmt *s)
{
    if (s->name.text) {
        return s->name.text;
    }
    return s->value && s->value->kind == AST_NAME ? s->value->u.text : "output";
}

static void exec_output(Front *f, Frame *frame, const Stmt *s, const char *label)
{
    if (!require_model(f, frame, s, "an output")) {
        return;
    }
    Val v = s->value ? eval_labelled(f, frame, s->value, label) : current(f, frame, s->range);
    const char *name = output_name(s);
    if (name == f->it_name) {
        name = "output";
    }
    if (v.kind == VAL_POISON) {
        return;
    }
    if (v.kind != VAL_TENSOR) {
        (void)front_error(f, frame, s->range, "an output is a tensor, not %s",
                          val_describe(f->arena, &v));
        return;
    }
    for (uint32_t i = 0; i < f->graph->output_names.count; i++) {
        if (strcmp(f->graph->output_names.at[i], name) != 0) {
            continue;
        }
        DiagItem *item = front_error(f, frame, s->range, "there is an output `%s` already", name);
        diag_help(f->diag, item, "give it a name: output NAME = x");
        return;
    }
    VEC_PUSH(f->arena, &f->graph->outputs, v.u.tensor);
    VEC_PUSH(f->arena, &f->graph->output_names, name);
}

static void report_failed(Front *f, Frame *frame, const Stmt *s)
{
    const AstExpr *e = s->value;
    DiagItem *item =
        s->u.message ? front_error(f, frame, e->range, "assertion failed: %s", s->u.message)
                     : front_error(f, frame, e->range, "assertion failed: %s", eval_written(f, e));
    bool compares =
        e->kind == AST_BINARY && e->u.operation.op >= AST_OP_EQ && e->u.operation.op <= AST_OP_GE;
    if (!compares) {
        return;
    }
    Val a = eval_expr(f, frame, e->u.operation.left);
    Val b = eval_expr(f, frame, e->u.operation.right);
    diag_help(f->diag, item, "the left side is %s, the right side is %s",
              val_describe(f->arena, &a), val_describe(f->arena, &b));
}

static void check_assert(Front *f, Frame *frame, const Stmt *s)
{
    Val v = eval_condition(f, frame, s->value);
    if (v.kind == VAL_BOOL && !v.u.truth) {
        report_failed(f, frame, s);
    }
}

static void exec_assert(Front *f, Frame *frame, const Stmt *s)
{
    bool is_late = frame->block->kind == STMT_MODEL && eval_mentions_totals(f, s->value);
    if (is_late) {
        VEC_PUSH(f->arena, &f->late_asserts, ((LateAssert){s, frame}));
    } else {
        check_assert(f, frame, s);
    }
}

void exec_late_asserts(Front *f)
{
    for (uint32_t i = 0; i < f->late_asserts.count && !f->stopped; i++) {
        check_assert(f, f->late_asserts.at[i].frame, f->late_asserts.at[i].stmt);
    }
}

static void exec_repeat(Front *f, Frame *frame, const Stmt *s)
{
    Val count = eval_expr(f, frame, s->value);
    if (count.kind == VAL_POISON) {
        return;
    }
    if (count.kind != VAL_INT || count.u.integer < 0) {
        (void)front_error(f, frame, s->value->range, "repeat takes a count, not %s",
                          val_describe(f->arena, &count));
        return;
    }
    if (count.u.integer > FRONT_MAX_REPEAT) {
        (void)front_error(f, frame, s->value->range, "%lld rounds, the limit is %d",
                          (long long)count.u.integer, FRONT_MAX_REPEAT);
        return;
    }
    for (int64_t i = 0; i < count.u.integer && front_charge(f, frame, s->range, 1); i++) {
        exec_nested(f, frame, &s->body);
    }
}

static void exec_for(Front *f, Frame *frame, const Stmt *s)
{
    Val list = eval_expr(f, frame, s->value);
    if (list.kind == VAL_POISON) {
        return;
    }
    if (list.kind != VAL_LIST) {
        DiagItem *item = front_error(f, frame, s->value->range, "for goes over a list, not %s",
                                     val_describe(f->arena, &list));
        diag_help(f->diag, item, "0..n is the list 0, 1, ... n-1");
        return;
    }
    const Var *old = vars_find(&frame->vars, s->name.text);
    if (s->name.text == f->it_name || (old && old->fixed)) {
        (void)front_error(f, frame, s->name.range, "`%s` cannot be assigned", s->name.text);
        return;
    }
    for (uint32_t i = 0; i < list.u.list.count && front_charge(f, frame, s->range, 1); i++) {
        (void)vars_set(f, &frame->vars, s->name.text, list.u.list.at[i]);
        exec_nested(f, frame, &s->body);
    }
}

static void exec_if(Front *f, Frame *frame, const Stmt *s)
{
    Val condition = eval_condition(f, frame, s->value);
    if (condition.kind == VAL_BOOL && condition.u.truth) {
        exec_nested(f, frame, &s->body);
    } else if (condition.kind == VAL_BOOL) {
        if (s->u.otherwise) {
            exec_stmt(f, frame, s->u.otherwise);
        }
    } else if (condition.kind == VAL_POISON) {
        // Either way may have been meant: nothing after it can be judged.
        frame->it = val_poison();
        frame->is_unsure = true;
    }
}

// The label's text, or NULL after a report.
static const char *label_text(Front *f, Frame *frame, const Label *label)
{
    const char *text = label->text;
    if (label->computed) {
        Val v = eval_expr(f, frame, label->computed);
        if (v.kind == VAL_POISON) {
            return NULL;
        }
        bool good = v.kind == VAL_TEXT || (v.kind == VAL_INT && v.u.integer >= 0);
        if (!good) {
            (void)front_error(f, frame, label->range,
                              "a label is a text or a number from 0 up, not %s",
                              val_describe(f->arena, &v));
            return NULL;
        }
        text =
            v.kind == VAL_TEXT ? v.u.text : arena_printf(f->arena, "%lld", (long long)v.u.integer);
    }
    return path_check_label(f, frame, text, label->range) ? text : NULL;
}

// A call takes the label itself; what is more than a call is labelled as a whole.
static void exec_label(Front *f, Frame *frame, const Stmt *s)
{
    const Stmt *inner = s->u.labelled.stmt;
    const char *label = label_text(f, frame, &s->u.labelled.label);
    if (!label) {
        exec_stmt(f, frame, inner);
        return;
    }
    if (inner->kind == STMT_CALL) {
        frame->it = call_apply(f, frame, inner->u.call, label);
    } else if (inner->kind == STMT_ASSIGN) {
        exec_assign(f, frame, inner, label);
    } else if (inner->kind == STMT_OUTPUT) {
        exec_output(f, frame, inner, label);
    } else {
        Scope *outer = frame->scope;
        frame->scope = path_open(f, outer, label);
        exec_stmt(f, frame, inner);
        frame->scope = outer;
    }
}

static void exec_param(Front *f, Frame *frame, const Stmt *s)
{
    if (frame->block->kind == STMT_MODEL && frame->nesting == 0) {
        param_set(f, frame, s);
    } else {
        (void)front_error(f, frame, s->range,
                          "a param stands at the top of a file or directly in a model");
    }
}

static void exec_kind(Front *f, Frame *frame, const Stmt *s)
{
    switch (s->kind) {
    case STMT_ERROR:
        frame->it = val_poison();
        VEC_PUSH(f->arena, &f->unread, s->range);
        return;
    case STMT_INCLUDE:
    case STMT_BLOCK:
    case STMT_MODEL:
        (void)front_error(f, frame, s->range, "this stands at the top of a file, not inside { }");
        return;
    case STMT_PARAM:
        exec_param(f, frame, s);
        return;
    case STMT_INPUT:
        exec_input(f, frame, s);
        return;
    case STMT_OUTPUT:
        exec_output(f, frame, s, NULL);
        return;
    case STMT_ASSERT:
        exec_assert(f, frame, s);
        return;
    case STMT_CALL:
        frame->it = call_apply(f, frame, s->u.call, NULL);
        return;
    case STMT_ASSIGN:
        exec_assign(f, frame, s, NULL);
        return;
    case STMT_LABEL:
        exec_label(f, frame, s);
        return;
    case STMT_GROUP:
        exec_nested(f, frame, &s->body);
        return;
    case STMT_REPEAT:
        exec_repeat(f, frame, s);
        return;
    case STMT_FOR:
        exec_for(f, frame, s);
        return;
    case STMT_IF:
        exec_if(f, frame, s);
        return;
    }
}

static void exec_stmt(Front *f, Frame *frame, const Stmt *s)
{
    if (!front_charge(f, frame, s->range, 1) || !front_enter(f, frame, s->range)) {
        return;
    }
    exec_kind(f, frame, s);
    f->frames--;
}
