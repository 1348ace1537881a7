// load.c: files, includes, -D values, and what stands at the top of files.
#include <string.h>

#include "base/files.h"
#include "front/state.h"

static void load_source(Front *f, uint32_t file, const char *path, bool on_disk);

static void hash_text(Front *f, const char *text, size_t bytes)
{
    f->hash = hash_bytes(hash_u64(f->hash, bytes), text, bytes);
}

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
static void load_define(Front *f, const char *define)
{
    const char *text = arena_printf(f->arena, "param %s", define);
    size_t bytes = strlen(text);
    uint32_t file = source_add(f->sources, "-D", text, bytes);
    uint32_t errors = diag_error_count(f->diag);
    const AstFile *ast = dsl_parse(f->arena, f->names, f->sources, f->diag, file);
    hash_text(f, text, bytes);
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

void load_defines(Front *f)
{
    for (uint32_t i = 0; i < f->options->define_count; i++) {
        load_define(f, f->options->defines[i]);
    }
}

void load_report_unused_defines(Front *f)
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

void load_param(Front *f, Frame *frame, const Stmt *s)
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

// ---- the top of a file

static bool is_reserved_for_calls(const char *name)
{
    const OpDef *op = op_find(name);
    return function_exists(name) || (op && !op->internal);
}

static void add_block(Front *f, const Stmt *s)
{
    const char *name = s->name.text;
    if (is_reserved_for_calls(name)) {
        DiagItem *item =
            front_error(f, f->globals, s->name.range, "a block cannot have the name of the %s %s",
                        function_exists(name) ? "function" : "operator", name);
        diag_help(f->diag, item, "choose another name, such as my_%s", name);
        return;
    }
    const ArgList *params = &s->u.params;
    if (params->count > FRONT_MAX_BLOCK_PARAMS) {
        (void)front_error(f, f->globals, s->range, "a block has at most %d parameters",
                          FRONT_MAX_BLOCK_PARAMS);
        f->globals->is_unsure = true; // calls of it are not calls of something unknown
        return;
    }
    NameMap seen = {0};
    for (uint32_t i = 0; i < params->count; i++) {
        const Name *param = &params->at[i].name;
        if (name_map_get(&seen, param->text) != NAME_MAP_NONE || param->text == f->it_name) {
            (void)front_error(f, f->globals, param->range, "a parameter cannot be called `%s`%s",
                              param->text, param->text == f->it_name ? "" : " twice");
        }
        name_map_put(f->arena, &seen, param->text, i);
    }
    if (f->in_prelude) {
        name_map_put(f->arena, &f->prelude_blocks, name, f->prelude_list.count);
        VEC_PUSH(f->arena, &f->prelude_list, s);
        return;
    }
    uint32_t other = name_map_get(&f->blocks, name);
    if (other != NAME_MAP_NONE) {
        DiagItem *item =
            front_error(f, f->globals, s->name.range, "there is a block %s already", name);
        diag_note(f->diag, item, (Loc){.range = f->block_list.at[other]->name.range}, "it is here");
        return;
    }
    name_map_put(f->arena, &f->blocks, name, f->block_list.count);
    VEC_PUSH(f->arena, &f->block_list, s);
}

static void set_model(Front *f, const Stmt *s)
{
    if (!f->model) {
        f->model = s;
        return;
    }
    DiagItem *item = front_error(f, f->globals, s->name.range, "there is a model already");
    diag_note(f->diag, item, (Loc){.range = f->model->name.range}, "it is here");
}

static const TextFile *find_shipped(const Front *f, const char *name)
{
    for (size_t i = 0; i < f->options->model_count; i++) {
        if (strcmp(f->options->models[i].name, name) == 0) {
            return &f->options->models[i];
        }
    }
    return NULL;
}

static bool list_holds(const char *const *list, uint32_t count, const char *path)
{
    for (uint32_t i = 0; i < count; i++) {
        if (strcmp(list[i], path) == 0) {
            return true;
        }
    }
    return false;
}

// Reports a file that is being read already; false then.
static bool check_cycle(Front *f, const char *path, SrcRange range)
{
    if (f->loading.count >= FRONT_MAX_INCLUDES) {
        (void)front_error(f, f->globals, range, "includes are nested more than %d deep",
                          FRONT_MAX_INCLUDES);
        return false;
    }
    if (!list_holds(f->loading.at, f->loading.count, path)) {
        return true;
    }
    DiagItem *item = front_error(f, f->globals, range, "%s includes itself", path);
    StrBuf chain = {.arena = f->arena};
    for (uint32_t i = 0; i < f->loading.count; i++) {
        strbuf_printf(&chain, "%s -> ", f->loading.at[i]);
    }
    diag_help(f->diag, item, "%s%s", strbuf_text(&chain), path);
    return false;
}

// Reads `path` (NULL: none) from disk, or the shipped model `name`. False with *error when there is
// neither.
static bool load_path(Front *f, const char *path, const char *name, SrcRange range,
                      const char **error)
{
    size_t bytes = 0;
    const char *text = NULL;
    const TextFile *shipped = NULL;
    bool on_disk = path && file_exists(path);
    if (!on_disk) {
        shipped = find_shipped(f, name);
    }
    if (!shipped && path) {
        text = file_read(f->arena, path, DSL_MAX_FILE_BYTES, &bytes, error);
    } else if (!shipped) {
        *error = arena_printf(f->arena, "%s: there is no shipped model of this name", name);
    }
    if (!text && !shipped) {
        return false;
    }
    const char *shown = on_disk ? path : arena_printf(f->arena, "<shipped>/%s", name);
    if (!check_cycle(f, shown, range) || list_holds(f->loaded.at, f->loaded.count, shown)) {
        return true;
    }
    VEC_PUSH(f->arena, &f->loaded, shown);
    uint32_t file = on_disk ? source_add(f->sources, shown, text, bytes)
                            : source_add(f->sources, shown, shipped->text, shipped->bytes);
    if (on_disk && f->files) {
        VEC_PUSH(f->arena, &f->files->paths, shown);
    }
    load_source(f, file, shown, on_disk);
    return true;
}

static void exec_include(Front *f, const Stmt *s, const char *from, bool from_disk)
{
    const char *name = s->u.path;
    const char *path = NULL, *error = NULL;
    if (from_disk) {
        path = path_join(f->arena, path_dirname(f->arena, from), name);
    }
    if (load_path(f, path, name, s->range, &error)) {
        return;
    }
    f->globals->is_unsure = true;
    DiagItem *item = front_error(f, f->globals, s->range, "%s", error);
    const char **names = ARENA_ARRAY(f->arena, const char *, f->options->model_count + 1);
    for (size_t i = 0; i < f->options->model_count; i++) {
        names[i] = f->options->models[i].name;
    }
    front_suggest(f, item, name, names, f->options->model_count);
}

static void exec_top(Front *f, const Stmt *s, const char *path, bool on_disk)
{
    switch (s->kind) {
    case STMT_ERROR:
        VEC_PUSH(f->arena, &f->unread, s->range);
        return;
    case STMT_INCLUDE:
        exec_include(f, s, path, on_disk);
        return;
    case STMT_PARAM:
        load_param(f, f->globals, s);
        return;
    case STMT_BLOCK:
        add_block(f, s);
        return;
    case STMT_MODEL:
        set_model(f, s);
        return;
    case STMT_ASSERT:
        VEC_PUSH(f->arena, &f->late_asserts, ((LateAssert){s, f->globals}));
        return;
    case STMT_INPUT:
    case STMT_OUTPUT:
    case STMT_CALL:
    case STMT_ASSIGN:
    case STMT_LABEL:
    case STMT_GROUP:
    case STMT_REPEAT:
    case STMT_FOR:
    case STMT_IF: {
        DiagItem *item = front_error(f, f->globals, s->range,
                                     "this statement stands in a model or block, not at the top of "
                                     "a file");
        if (s->kind == STMT_ASSIGN) {
            diag_help(f->diag, item, "a value for all of the file is a param: param %s = ...",
                      s->name.text);
        }
        return;
    }
    }
}

static void load_source(Front *f, uint32_t file, const char *path, bool on_disk)
{
    const SourceFile *source = source_file(f->sources, file);
    hash_text(f, source->text, source->bytes);
    const AstFile *ast = dsl_parse(f->arena, f->names, f->sources, f->diag, file);
    if (ast->broken) {
        f->globals->is_unsure = true;
    }
    VEC_PUSH(f->arena, &f->loading, path);
    for (uint32_t i = 0; i < ast->body.count && !f->stopped; i++) {
        exec_top(f, ast->body.at[i], path, on_disk);
    }
    f->loading.count--;
}

// The text of the main file, which the caller holds.
static bool load_text(Front *f, const char *path, const char *text)
{
    size_t bytes = strlen(text);
    if (bytes > DSL_MAX_FILE_BYTES) {
        (void)front_error(f, f->globals, (SrcRange){0}, "%s: larger than the limit of %zu bytes",
                          path, (size_t)DSL_MAX_FILE_BYTES);
        return false;
    }
    VEC_PUSH(f->arena, &f->loaded, path);
    load_source(f, source_add(f->sources, path, text, bytes), path, true);
    return true;
}

bool load_main(Front *f, const char *path)
{
    if (f->options->text) {
        return load_text(f, path, f->options->text);
    }
    const char *error = NULL;
    SrcRange nowhere = {0};
    if (load_path(f, path, path, nowhere, &error)) {
        return true;
    }
    DiagItem *item = front_error(f, f->globals, nowhere, "%s", error);
    const char *name = arena_printf(f->arena, "%s.rn", path);
    if (find_shipped(f, name)) {
        diag_help(f->diag, item, "the shipped model is called %s", name);
    }
    return false;
}

void load_prelude(Front *f)
{
    f->in_prelude = true;
    for (size_t i = 0; i < prelude_table_count; i++) {
        const TextFile *t = &prelude_table[i];
        const char *path = arena_printf(f->arena, "<prelude>/%s", t->name);
        load_source(f, source_add(f->sources, path, t->text, t->bytes), path, false);
    }
    f->in_prelude = false;
}
