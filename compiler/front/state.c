// state.c: what the parts of the front end share: reports and limits.
#include "front/state.h"

#include <stdarg.h>
#include <string.h>

enum { STEPS_PER_ERROR = 500 };

Loc front_loc(const Frame *frame, SrcRange range)
{
    return (Loc){.range = range, .via = frame->via};
}

DiagItem *front_error(Front *f, const Frame *frame, SrcRange range, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    const char *text = arena_vprintf(f->arena, fmt, ap);
    va_end(ap);
    (void)front_charge(f, frame, range, STEPS_PER_ERROR);
    DiagItem *item = diag_error(f->diag, front_loc(frame, range), "%s", text);
    if (diag_error_count(f->diag) > DIAG_MAX_ERRORS) {
        f->stopped = true;
    }
    return item;
}

void front_suggest(Front *f, DiagItem *item, const char *name, const char *const *names,
                   size_t count)
{
    const char *near = nearest_name(name, names, count);
    if (near) {
        diag_help(f->diag, item, "did you mean `%s`?", near);
    }
}

bool front_is_in_unread(const Front *f, const char *name)
{
    size_t n = strlen(name);
    for (uint32_t i = 0; i < f->unread.count && i < 2 * DIAG_MAX_ERRORS; i++) {
        SrcRange at = f->unread.at[i];
        const char *text = source_file(f->sources, at.file)->text;
        for (size_t k = at.begin; k + n <= at.end; k++) {
            if (memcmp(text + k, name, n) == 0) {
                return true;
            }
        }
    }
    return false;
}

bool front_charge(Front *f, const Frame *frame, SrcRange range, uint64_t steps)
{
    if (f->stopped) {
        return false;
    }
    if (steps > FRONT_MAX_STEPS - f->steps) {
        f->stopped = true;
        if (diag_error_count(f->diag)) { // a mistake in a long loop is one mistake
            return false;
        }
        DiagItem *item = diag_error(f->diag, front_loc(frame, range),
                                    "the expansion takes more than %d steps", FRONT_MAX_STEPS);
        diag_help(f->diag, item, "is a repeat or for much longer than meant?");
        return false;
    }
    f->steps += (uint32_t)steps;
    return true;
}

bool front_enter(Front *f, const Frame *frame, SrcRange range)
{
    if (f->frames < FRONT_MAX_FRAMES) {
        f->frames++;
        return true;
    }
    if (!f->stopped) {
        (void)diag_error(f->diag, front_loc(frame, range),
                         "calls and nesting together are more than %d levels deep",
                         FRONT_MAX_FRAMES);
    }
    f->stopped = true;
    return false;
}

Val front_list(Front *f, const Frame *frame, SrcRange range, const Val *at, uint32_t count)
{
    Val list = val_list(count > FRONT_MAX_LIST ? NULL : at, count > FRONT_MAX_LIST ? 0 : count);
    if (count > FRONT_MAX_LIST || list.u.list.size > FRONT_MAX_LIST) {
        (void)front_error(f, frame, range, "a list of more than %d elements", FRONT_MAX_LIST);
        return val_poison();
    }
    if (list.u.list.depth > FRONT_MAX_LIST_DEPTH) {
        (void)front_error(f, frame, range, "lists inside lists more than %d deep",
                          FRONT_MAX_LIST_DEPTH);
        return val_poison();
    }
    return front_charge(f, frame, range, count) ? list : val_poison();
}

void front_hash_text(Front *f, const char *text, size_t bytes)
{
    f->hash = hash_bytes(hash_u64(f->hash, bytes), text, bytes);
}

const Stmt *front_find_block(const Front *f, const char *name)
{
    uint32_t i = name_map_get(&f->blocks, name);
    if (i != NAME_MAP_NONE) {
        return f->block_list.at[i];
    }
    i = name_map_get(&f->prelude_blocks, name);
    return i != NAME_MAP_NONE ? f->prelude_list.at[i] : NULL;
}
