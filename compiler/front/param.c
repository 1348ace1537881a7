// param.c: params: their values, and those of -D that override them.
#include "front/param.h"

#include <string.h>

#include "front/expand.h"
#include "front/vars.h"

// ---- -D

static Define *find_define(Front *f, const char *name)
{
    for (uint32_t i = 0; i < f->defines.count; i++) {
        if (f->defines.at[i].name == name) {
            return &f->defines.at[i];
        }
    }
    return NULL;
}

// Reads "name=value" as the one statement `param name=value`.
static void read_define(Front *f, const char *define)
{
    const char *text = arena_printf(f->arena, "param %s", define);
    size_t bytes = strlen(text);
    uint32_t file = source_add(f->sources, "-D", text, bytes);
    uint32_t errors = diag_error_count(f->diag);
    const AstFile *ast = dsl_parse(f->arena, f->names, f->sources, f->diag, file);
    front_hash_text(f, text, bytes);
    if (diag_error_count(f->diag) > errors) {
        return;
    }
    SrcRange all = {file, 0, (uint32_t)bytes};
    if (ast->body.count != 1 || ast->body.at[0]->kind != STMT_PARAM) {
        DiagItem *item = front_error(f, f->globals, all, "-D takes name=value");
        diag_help(f->diag, item, "as in -D classes=10 or -D \"depths=[3, 4, 6, 3]\"");
        return;
    }
    const Stmt *s = ast->body.at[0];
    Define d = {.name = s->name.text, .range = s->name.range};
    if (find_define(f, d.name)) {
        (void)front_error(f, f->globals, d.range, "-D %s is given twice", d.name);
        return;
    }
    if (s->value->kind == AST_NAME) {
        DiagItem *item = front_error(f, f->globals, s->value->range, "a -D value cannot use names");
        diag_help(f->diag, item, "a text is written with quotes: -D '%s=\"%s\"'", d.name,
                  s->value->u.text);
    } else {
        d.value = eval_expr(f, f->globals, s->value);
    }
    VEC_PUSH(f->arena, &f->defines, d);
}

void param_read_defines(Front *f)
{
    for (uint32_t i = 0; i < f->options->define_count; i++) {
        read_define(f, f->options->defines[i]);
    }
}

void param_report_unused_defines(Front *f)
{
    // After another mistake the param may just not have been reached.
    if (f->stopped || f->globals->is_unsure) {
        return;
    }
    for (uint32_t i = 0; i < f->defines.count; i++) {
        const Define *d = &f->defines.at[i];
        if (d->used || front_is_in_unread(f, d->name)) {
            continue;
        }
        DiagItem *item =
            front_error(f, f->globals, d->range, "the model has no param `%s`", d->name);
        StrBuf all = {.arena = f->arena};
        for (uint32_t k = 0; k < f->param_names.count && k < 20; k++) {
            strbuf_printf(&all, "%s%s", k ? ", " : "", f->param_names.at[k]);
        }
        const char *near = nearest_name(d->name, f->param_names.at, f->param_names.count);
        if (near) {
            diag_help(f->diag, item, "did you mean `%s`?", near);
        } else if (all.count) {
            diag_help(f->diag, item, "it has %s", strbuf_text(&all));
        } else {
            diag_help(f->diag, item, "it has no params at all");
        }
    }
}

// ---- params

// The -D value as the param's kind wants it; poison after a report.
static Val override(Front *f, const Stmt *s, const Define *d, const Val *fallback)
{
    const Val *v = &d->value;
    bool any = fallback->kind == VAL_NONE || fallback->kind == VAL_POISON || v->kind == VAL_POISON;
    if (any || v->kind == fallback->kind) {
        return *v;
    }
    if (fallback->kind == VAL_FLOAT && v->kind == VAL_INT) {
        return val_float((double)v->u.integer);
    }
    DiagItem *item = front_error(f, f->globals, d->range, "param %s is %s, not %s", d->name,
                                 val_kind_text(fallback->kind), val_describe(f->arena, v));
    diag_note(f->diag, item, (Loc){.range = s->range}, "it is %s here",
              val_describe(f->arena, fallback));
    return val_poison();
}

void param_set(Front *f, Frame *frame, const Stmt *s)
{
    const char *name = s->name.text;
    const Var *here = vars_find(&frame->vars, name);
    bool is_reserved = name == f->it_name || name == f->params_name || name == f->macs_name;
    if (is_reserved || (here && frame != f->globals)) {
        (void)front_error(f, frame, s->name.range, "`%s` %s", name,
                          is_reserved ? "has a meaning of its own and cannot be a param"
                                      : "is there already");
        return;
    }
    VEC_PUSH(f->arena, &f->param_names, name);
    Val fallback = eval_expr(f, frame, s->value);
    const Var *set = here ? here : vars_find(&f->globals->vars, name);
    Define *d = find_define(f, name);
    if (here && here->file == s->range.file) {
        (void)front_error(f, frame, s->name.range, "there is a param `%s` already", name);
        return;
    }
    Val value = fallback;
    if (d) {
        value = override(f, s, d, &fallback);
    } else if (set) {
        value = set->value; // set by a file that includes this one
    }
    if (d) {
        d->used = true;
    }
    Var *var = vars_set(f, &frame->vars, name, value);
    var->fixed = true;
    var->file = s->range.file;
}
