// load.c: files, includes, and what stands at the top of files.
// Not here: params (param.c).
#include "front/load.h"

#include <string.h>

#include "base/files.h"
#include "front/function.h"
#include "front/param.h"

static void load_source(Front *f, uint32_t file, const char *path, bool on_disk);

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
        param_set(f, f->globals, s);
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
    front_hash_text(f, source->text, source->bytes);
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
