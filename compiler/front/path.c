// path.c: the paths of layers, from labels and numbers. docs/language.md has the two rules.
#include "front/path.h"

#include <ctype.h>
#include <string.h>

Scope *path_open(Front *f, Scope *parent, const char *label)
{
    Scope *s = ARENA_NEW(f->arena, Scope);
    s->parent = parent;
    s->label = label;
    s->length = (parent ? parent->length : 0) + (label ? strlen(label) + 1 : 0);
    return s;
}

static const char *join(Front *f, const char *left, const char *right)
{
    if (!left[0]) {
        return right;
    }
    return right[0] ? arena_printf(f->arena, "%s.%s", left, right) : left;
}

static const char *take_number(Front *f, Scope *s)
{
    return arena_printf(f->arena, "%u", (unsigned)s->next++);
}

// The path of a scope that has parameters: a scope without label takes its parent's next number
// now.
static const char *resolve(Front *f, Scope *s)
{
    if (s->path) {
        return s->path;
    }
    if (!s->parent) {
        return s->path = "";
    }
    const char *above = resolve(f, s->parent);
    s->path = join(f, above, s->label ? s->label : take_number(f, s->parent));
    return s->path;
}

// The path of a scope for the eye: one without label and without parameters adds nothing.
static const char *display(Front *f, const Scope *s)
{
    if (s->path) {
        return s->path;
    }
    if (!s->parent) {
        return "";
    }
    const char *above = display(f, s->parent);
    return s->label ? join(f, above, s->label) : above;
}

const char *path_of_layer(Front *f, Scope *scope, const char *label)
{
    const char *above = resolve(f, scope);
    return join(f, above, label ? label : take_number(f, scope));
}

bool path_claim(Front *f, const Frame *frame, const char *path, SrcRange range)
{
    const char *name = intern_str(f->names, path);
    uint32_t other = name_map_get(&f->path_map, name);
    if (other == NAME_MAP_NONE) {
        name_map_put(f->arena, &f->path_map, name, f->paths.count);
        VEC_PUSH(f->arena, &f->paths, ((PathUse){name, front_loc(frame, range)}));
        return true;
    }
    DiagItem *item = front_error(f, frame, range, "two layers have the path `%s`", path);
    diag_note(f->diag, item, f->paths.at[other].loc, "the other one is here");
    diag_help(f->diag, item,
              "give one another label; in a loop, `for i in 0..n { [i]: ... }` numbers the rounds");
    return false;
}

// A name that nobody has: base, base_2, base_3, ... `counts` says what was tried last.
static const char *make_unique(Front *f, NameMap *counts, const char *base)
{
    const char *name = intern_str(f->names, base);
    uint32_t count = name_map_get(counts, name);
    if (count == NAME_MAP_NONE && name_map_get(&f->path_map, name) == NAME_MAP_NONE) {
        name_map_put(f->arena, counts, name, 1);
        return name;
    }
    count = count == NAME_MAP_NONE ? 1 : count;
    const char *numbered = name;
    do {
        count++;
        numbered = intern_str(f->names, arena_printf(f->arena, "%s_%u", base, (unsigned)count));
    } while (name_map_get(counts, numbered) != NAME_MAP_NONE ||
             name_map_get(&f->path_map, numbered) != NAME_MAP_NONE);
    name_map_put(f->arena, counts, name, count);
    name_map_put(f->arena, counts, numbered, 1);
    return numbered;
}

void path_name_rest(Front *f)
{
    NameMap counts = {0};
    for (uint32_t i = 0; i < f->unnamed.count; i++) {
        const UnnamedNode *u = &f->unnamed.at[i];
        u->node->name = make_unique(f, &counts, join(f, display(f, u->scope), u->base));
    }
    for (Node *n = f->graph->first; n; n = n->next) {
        for (uint32_t i = 0; i < n->outputs.count; i++) {
            n->outputs.at[i]->name = n->name;
        }
    }
}

bool path_check_label(Front *f, const Frame *frame, const char *text, SrcRange range)
{
    size_t n = strlen(text);
    bool good = n > 0 && n <= FRONT_MAX_PATH && text[0] != '.' && text[n - 1] != '.';
    for (size_t i = 0; i < n && good; i++) {
        bool plain = isalnum((unsigned char)text[i]) || text[i] == '_' || text[i] == '-';
        good = plain || (text[i] == '.' && text[i + 1] != '.');
    }
    if (good && frame->scope->length + n <= FRONT_MAX_PATH) {
        return true;
    }
    if (good) {
        (void)front_error(f, frame, range, "the path of this label is longer than %d characters",
                          FRONT_MAX_PATH);
        return false;
    }
    DiagItem *item = front_error(f, frame, range, "`%s` cannot be a label", text);
    diag_help(f->diag, item,
              "a label is made of letters, digits, _ and -, with single points between");
    return false;
}
