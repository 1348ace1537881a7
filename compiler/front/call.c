// call.c: calls of operators and blocks, as statements and in expressions.
// Not here: attributes (bind.c), paths (path.c).
#include "front/expand.h"

#include <string.h>

#include "front/bind.h"
#include "front/function.h"
#include "front/path.h"
#include "front/vars.h"

enum { MAX_CANDIDATES = 300, MAX_CALL_TEXT = 100, FAILED_NODE_STEPS = 100 };

static const OpDef *find_op(const char *name)
{
    const OpDef *op = op_find(name);
    return op && !op->internal ? op : NULL;
}

// Every name that a call can have, as far as they fit.
static size_t list_callables(Front *f, const char **names)
{
    size_t count = 0;
    for (uint32_t i = 0; i < f->block_list.count && count < MAX_CANDIDATES / 2; i++) {
        names[count++] = f->block_list.at[i]->name.text;
    }
    for (uint32_t i = 0; i < f->prelude_list.count && count < MAX_CANDIDATES; i++) {
        names[count++] = f->prelude_list.at[i]->name.text;
    }
    for (size_t i = 0; i < op_table_count && count < MAX_CANDIDATES; i++) {
        if (op_table[i]->internal) {
            continue;
        }
        names[count++] = op_table[i]->name;
        const char *alias = op_table[i]->aliases;
        while (alias && *alias && count < MAX_CANDIDATES) {
            size_t n = strcspn(alias, " ");
            names[count++] = arena_strndup(f->arena, alias, n);
            alias += n + strspn(alias + n, " ");
        }
    }
    return count;
}

// Returns the name that was probably meant, so that what follows is read in its sense and a second
// mistake is seen too; NULL if there is none.
static const char *report_unknown(Front *f, const Frame *frame, const Call *call)
{
    const char *name = call->name.text;
    if (function_exists(name)) {
        (void)front_error(f, frame, call->range, "%s gives a value, which nothing here uses", name);
        return NULL;
    }
    const char *names[MAX_CANDIDATES];
    size_t count = list_callables(f, names);
    if (f->globals->is_unsure || front_is_in_unread(f, name)) {
        return NULL;
    }
    DiagItem *item =
        front_error(f, frame, call->name.range, "unknown operator or block `%s`", name);
    if (name == f->it_name || vars_find(&frame->vars, name)) {
        diag_help(f->diag, item, "a value is not called; `it = x` makes x the current tensor");
        return NULL;
    }
    front_suggest(f, item, name, names, count);
    const char *near = nearest_name(name, names, count);
    return near ? intern_str(f->names, near) : NULL;
}

// Evaluates all arguments; false if one without a name follows one with a name.
static bool eval_args(Front *f, Frame *frame, const Call *call, Val *values)
{
    bool named = false, ok = true;
    for (uint32_t i = 0; i < call->args.count; i++) {
        const Arg *arg = &call->args.at[i];
        values[i] = eval_expr(f, frame, arg->value);
        if (named && !arg->name.text && ok) {
            (void)front_error(f, frame, arg->range,
                              "an argument without a name follows one with a name");
            ok = false;
        }
        named |= arg->name.text != NULL;
    }
    return ok;
}

// ---- operators

// The leading tensors of a call, or the current one; lists of tensors are spread out. Poisoned
// inputs are counted in *poisoned.
static uint32_t collect_inputs(Front *f, const Frame *frame, const BindArgs *args, Value ***inputs,
                               bool *poisoned)
{
    uint32_t count = 0, filled = 0;
    for (uint32_t i = 0; i < args->tensors; i++) {
        count += args->values[i].kind == VAL_LIST ? args->values[i].u.list.count : 1;
    }
    *inputs = ARENA_ARRAY(f->arena, Value *, count ? count : 1);
    for (uint32_t i = 0; i < args->tensors; i++) {
        const Val *v = &args->values[i];
        bool is_list = v->kind == VAL_LIST;
        for (uint32_t k = 0; k < (is_list ? v->u.list.count : 1); k++) {
            (*inputs)[filled++] = is_list ? v->u.list.at[k].u.tensor : v->u.tensor;
        }
    }
    if (count) {
        return count;
    }
    if (frame->it.kind == VAL_TENSOR) {
        (*inputs)[0] = frame->it.u.tensor;
        return 1;
    }
    *poisoned = true;
    if (frame->it.kind == VAL_NONE) {
        DiagItem *item =
            front_error(f, frame, args->call->range, "there is no current tensor here for %s",
                        args->call->name.text);
        diag_help(f->diag, item, "a model begins with an input: input image[3, 224, 224]");
    }
    return 0;
}

static bool check_input_count(Front *f, const Frame *frame, const OpDef *op, const BindArgs *args,
                              uint32_t count)
{
    if (count >= op->min_inputs && count <= op->max_inputs) {
        return true;
    }
    DiagItem *item;
    const char *name = args->call->name.text;
    if (op->min_inputs == op->max_inputs) {
        item = front_error(f, frame, args->call->range, "%s takes %u tensor%s, not %u", name,
                           op->min_inputs, op->min_inputs == 1 ? "" : "s", count);
    } else {
        item = front_error(f, frame, args->call->range, "%s takes %u to %u tensors, not %u", name,
                           op->min_inputs, op->max_inputs, count);
    }
    if (count == 1 && op->min_inputs == 2) {
        diag_help(f->diag, item, "write both, as in %s(it, x)", name);
    }
    return false;
}

static bool check_node_limit(Front *f, const Frame *frame, const Call *call)
{
    if (f->graph->node_count < FRONT_MAX_NODES) {
        return true;
    }
    if (!f->stopped) {
        (void)front_error(f, frame, call->range, "the model has more than %d operators",
                          FRONT_MAX_NODES);
    }
    f->stopped = true;
    return false;
}

static bool same_range(SrcRange a, SrcRange b)
{
    return a.file == b.file && a.begin == b.begin && a.end == b.end;
}

// Whether the shapes did not fit in an earlier round of the same place: a mistake is told once.
static bool did_mismatch(const Front *f, Loc at)
{
    for (uint32_t i = 0; i < f->mismatches.count; i++) {
        const Loc *other = &f->mismatches.at[i];
        const Expansion *x = at.via, *y = other->via;
        while (x && y && same_range(x->call, y->call)) {
            x = x->parent;
            y = y->parent;
        }
        if (!x && !y && same_range(at.range, other->range)) {
            return true;
        }
    }
    return false;
}

// What goes on after shapes that do not fit: an elementwise operator's result has the shape of the
// current tensor if that takes part; of others nothing is known.
static Val after_mismatch(const Frame *frame, const OpDef *op, Value *const *inputs, uint32_t count)
{
    for (uint32_t i = 0; op->kind == OP_ELEMENTWISE && i < count; i++) {
        if (frame->it.kind == VAL_TENSOR && frame->it.u.tensor == inputs[i]) {
            return frame->it;
        }
    }
    return val_poison();
}

static Val apply_op(Front *f, Frame *frame, const OpDef *op, const BindArgs *args,
                    const char *label)
{
    void *attrs = arena_alloc(f->arena, op->attr_bytes);
    bool poisoned = !bind_attrs(f, frame, op, args, attrs);
    Value **inputs;
    uint32_t count = collect_inputs(f, frame, args, &inputs, &poisoned);
    if (poisoned || !check_input_count(f, frame, op, args, count) ||
        !check_node_limit(f, frame, args->call)) {
        return val_poison();
    }
    Loc at = front_loc(frame, args->call->range);
    if (did_mismatch(f, at)) {
        return after_mismatch(frame, op, inputs, count);
    }
    const char *path = op->params ? path_of_layer(f, frame->scope, label) : NULL;
    NodeSpec spec = {
        .op = op,
        .attrs = attrs,
        .in = inputs,
        .in_count = count,
        .name = path,
        .loc = at,
        .phase = PHASE_FORWARD,
        .make_params = true,
        .diag = f->diag,
    };
    Node *node = build_node(f->graph, &spec);
    if (!node) {
        (void)front_charge(f, frame, args->call->range, FAILED_NODE_STEPS);
        if (f->mismatches.count < DIAG_MAX_ERRORS) {
            VEC_PUSH(f->arena, &f->mismatches, at);
        }
        return after_mismatch(frame, op, inputs, count);
    }
    if (path) {
        (void)path_claim(f, frame, path, args->call->range);
    } else {
        VEC_PUSH(f->arena, &f->unnamed,
                 ((UnnamedNode){node, frame->scope, label ? label : args->call->name.text}));
    }
    return val_tensor(node->outputs.at[0]);
}

// ---- blocks

static bool check_recursion(Front *f, const Frame *frame, const Call *call, const Stmt *block)
{
    const Frame *first = frame;
    while (first && first->block != block) {
        first = first->caller;
    }
    if (!first) {
        return true;
    }
    StrBuf chain = {.arena = f->arena};
    const Frame *path[8];
    uint32_t count = 0;
    for (const Frame *at = frame; at != first && count < 8; at = at->caller) {
        path[count++] = at;
    }
    strbuf_add(&chain, block->name.text);
    for (uint32_t i = count; i > 0; i--) {
        strbuf_printf(&chain, " -> %s", path[i - 1]->block->name.text);
    }
    strbuf_printf(&chain, " -> %s", block->name.text);
    DiagItem *item = front_error(f, frame, call->range, "block %s calls itself", block->name.text);
    diag_help(f->diag, item, "%s", strbuf_text(&chain));
    return false;
}

static void report_unknown_param(Front *f, const Frame *frame, const Stmt *block, const Arg *arg)
{
    const ArgList *params = &block->u.params;
    uint32_t count = params->count < MAX_CANDIDATES ? params->count : MAX_CANDIDATES;
    const char *names[MAX_CANDIDATES];
    for (uint32_t i = 0; i < count; i++) {
        names[i] = params->at[i].name.text;
    }
    DiagItem *item = front_error(f, frame, arg->name.range, "block %s has no parameter `%s`",
                                 block->name.text, arg->name.text);
    front_suggest(f, item, arg->name.text, names, count);
}

// The parameter that argument i goes to, or the number of parameters after a report.
static uint32_t param_of(Front *f, const Frame *frame, const Stmt *block, const Arg *arg,
                         uint32_t position)
{
    const ArgList *params = &block->u.params;
    if (!arg->name.text) {
        if (position < params->count) {
            return position;
        }
        (void)front_error(f, frame, arg->range, "block %s has %u parameter%s", block->name.text,
                          (unsigned)params->count, params->count == 1 ? "" : "s");
        return params->count;
    }
    for (uint32_t i = 0; i < params->count; i++) {
        if (params->at[i].name.text == arg->name.text) {
            return i;
        }
    }
    report_unknown_param(f, frame, block, arg);
    return params->count;
}

// Sets the callee's parameters: arguments first, then defaults in order, which may use those
// before.
static bool bind_params(Front *f, const Frame *frame, Frame *callee, const BindArgs *args)
{
    const Stmt *block = callee->block;
    const ArgList *params = &block->u.params;
    const Val **given = ARENA_ARRAY(f->arena, const Val *, params->count);
    bool ok = true;
    uint32_t position = 0;
    for (uint32_t i = args->tensors; i < args->call->args.count; i++) {
        const Arg *arg = &args->call->args.at[i];
        uint32_t to = param_of(f, frame, block, arg, position);
        position += arg->name.text == NULL;
        bool twice = to < params->count && given[to];
        if (twice) {
            (void)front_error(f, frame, arg->range, "%s is given twice", params->at[to].name.text);
        }
        if (twice || to == params->count) {
            ok = false;
        } else {
            given[to] = &args->values[i];
        }
    }
    for (uint32_t i = 0; i < params->count; i++) {
        const Arg *param = &params->at[i];
        if (!given[i] && !param->value && ok) {
            (void)front_error(f, frame, args->call->range, "block %s needs %s=...",
                              block->name.text, param->name.text);
        }
        ok &= given[i] || param->value;
        Val v = val_poison();
        if (given[i]) {
            v = *given[i];
        } else if (ok) {
            v = eval_expr(f, callee, param->value);
        }
        (void)vars_set(f, &callee->vars, param->name.text, v);
    }
    return ok;
}

static const Expansion *new_expansion(Front *f, const Frame *frame, const Call *call)
{
    Expansion *via = ARENA_NEW(f->arena, Expansion);
    StrBuf text = {.arena = f->arena};
    ast_print_call(call, &text);
    via->parent = frame->via;
    via->call = call->range;
    via->name = call->name.text;
    via->text = strbuf_text(&text);
    if (text.count > MAX_CALL_TEXT) {
        via->text = arena_printf(f->arena, "%.*s...)", MAX_CALL_TEXT, via->text);
    }
    return via;
}

static Val apply_block(Front *f, Frame *frame, const Stmt *block, const BindArgs *args,
                       const char *label)
{
    if (!check_recursion(f, frame, args->call, block)) {
        return val_poison();
    }
    Frame *callee = ARENA_NEW(f->arena, Frame);
    callee->caller = frame;
    callee->block = block;
    callee->it = args->tensors ? args->values[0] : frame->it;
    callee->via = new_expansion(f, frame, args->call);
    callee->scope = path_open(f, frame->scope, label);
    if (!bind_params(f, frame, callee, args)) {
        return val_poison();
    }
    exec_body(f, callee, &block->body);
    return callee->it;
}

Val call_apply(Front *f, Frame *frame, const Call *call, const char *label)
{
    BindArgs args = {.call = call};
    Val *values = ARENA_ARRAY(f->arena, Val, call->args.count);
    args.values = values;
    bool ok = eval_args(f, frame, call, values);
    const char *name = call->name.text;
    if (!front_find_block(f, name) && !find_op(name)) {
        name = report_unknown(f, frame, call);
    }
    if (!name) {
        return val_poison();
    }
    const Stmt *block = front_find_block(f, name);
    const OpDef *op = block ? NULL : find_op(name);
    if (frame == f->globals) {
        (void)front_error(f, frame, call->range, "%s is applied outside a model", call->name.text);
        return val_poison();
    }
    if (!ok || f->stopped) {
        return val_poison();
    }
    if (block) {
        bool leads = call->args.count && !call->args.at[0].name.text;
        if (leads && values[0].kind == VAL_POISON) { // a tensor or the first parameter: unknown
            return val_poison();
        }
        args.tensors = leads && values[0].kind == VAL_TENSOR;
        return apply_block(f, frame, block, &args, label);
    }
    while (args.tensors < call->args.count && !call->args.at[args.tensors].name.text) {
        const Val *v = &values[args.tensors];
        if (v->kind == VAL_POISON) {
            return val_poison();
        }
        if (v->kind != VAL_TENSOR && !val_is_tensors(v)) {
            break;
        }
        args.tensors++;
    }
    return apply_op(f, frame, op, &args, label);
}
