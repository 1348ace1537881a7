// vars.c: the names of a block call, of the model, or of the top of the files.
#include "front/vars.h"

enum { MAX_CANDIDATES = 200 }; // names compared for a suggestion

Var *vars_find(const Vars *v, const char *name)
{
    uint32_t i = name_map_get(&v->map, name);
    return i == NAME_MAP_NONE ? NULL : &v->list.at[i];
}

Var *vars_set(Front *f, Vars *v, const char *name, Val value)
{
    Var *var = vars_find(v, name);
    if (!var) {
        name_map_put(f->arena, &v->map, name, v->list.count);
        VEC_PUSH(f->arena, &v->list, ((Var){.name = name}));
        var = &v->list.at[v->list.count - 1];
    }
    var->value = value;
    return var;
}

static size_t add_candidates(const Vars *v, const char **names, size_t count)
{
    for (uint32_t i = 0; i < v->list.count && count < MAX_CANDIDATES; i++) {
        names[count++] = v->list.at[i].name;
    }
    return count;
}

void vars_report_unknown(Front *f, const Frame *frame, const char *name, SrcRange range)
{
    if (frame->is_unsure || f->globals->is_unsure || front_is_in_unread(f, name)) {
        return;
    }
    DiagItem *item = front_error(f, frame, range, "unknown name `%s`", name);
    if (name == f->params_name || name == f->macs_name) {
        diag_help(f->diag, item,
                  "`%s` is known only to an assert in the model or at the top of a file", name);
        return;
    }
    if (front_find_block(f, name) || op_find(name)) {
        diag_help(f->diag, item, "to apply %s to the current tensor write %s()", name, name);
        return;
    }
    const char *names[MAX_CANDIDATES];
    size_t count = add_candidates(&frame->vars, names, 0);
    if (frame != f->globals) {
        count = add_candidates(&f->globals->vars, names, count);
    }
    front_suggest(f, item, name, names, count);
}
