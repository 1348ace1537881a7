// depends.c: what an object is made from, as make and ninja read it.
#include <string.h>

#include "base/strbuf.h"
#include "build/build.h"
#include "build/state.h"

// A path with what make reads as its own escaped.
static void add_make_path(StrBuf *out, const char *path)
{
    for (; *path; path++) {
        if (*path == ' ' || *path == '#' || *path == '\\') {
            strbuf_add(out, "\\");
        }
        if (*path == '$') {
            strbuf_add(out, "$");
        }
        strbuf_add_bytes(out, path, 1);
    }
}

// Not so: "<shipped>/resnet.rn", the command line's params, a text that the caller holds.
static bool is_on_disk(const Build *b, uint32_t i)
{
    const char *path = b->sources.files.at[i].path;
    return *path != '<' && strcmp(path, "-D") != 0 && !(b->request.text && i + 1 == b->main_file);
}

const char *build_depends(const Build *b, const char *object)
{
    StrBuf out = {.arena = b->arena};
    add_make_path(&out, object);
    strbuf_add(&out, ":");
    for (uint32_t i = 0; i < b->sources.files.count; i++) {
        if (is_on_disk(b, i)) {
            strbuf_add(&out, " ");
            add_make_path(&out, b->sources.files.at[i].path);
        }
    }
    const char *const others[] = {b->request.weights, b->request.weights_options.map};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (others[i]) {
            strbuf_add(&out, " ");
            add_make_path(&out, others[i]);
        }
    }
    strbuf_add(&out, "\n");
    return strbuf_text(&out);
}
