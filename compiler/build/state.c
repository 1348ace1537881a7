// state.c: how a build keeps its error and tells its listener.
#include "build/state.h"

#include <stdarg.h>

BuildStatus build_fail(Build *b, BuildStatus status, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    b->error = (BuildError){.status = status, .text = arena_vprintf(b->arena, fmt, ap)};
    va_end(ap);
    return status;
}

BuildStatus build_fail_diagnosed(Build *b)
{
    StrBuf text = {.arena = b->arena};
    diag_render(b->diag, &text);
    b->error = (BuildError){.status = BUILD_MODEL, .has_places = true, .text = strbuf_text(&text)};
    return BUILD_MODEL;
}

BuildStatus build_fail_runtime(Build *b, const RnError *err)
{
    switch (rn_status_exit_code(err->status)) {
    case 1:
        return build_fail(b, BUILD_MODEL, "%s", err->text);
    case 2:
        return build_fail(b, BUILD_USAGE, "%s", err->text);
    default:
        return build_fail(b, BUILD_ENVIRONMENT, "%s", err->text);
    }
}

void build_tell(const Build *b, const char *fmt, ...)
{
    if (!b->request.listen) {
        return;
    }
    va_list ap;
    va_start(ap, fmt);
    const char *text = arena_vprintf(b->arena, fmt, ap);
    va_end(ap);
    if (*text) {
        b->request.listen(b->request.listen_context, text);
    }
}

void build_tell_time(const Build *b, const char *what, double seconds)
{
    if (b->request.time_passes) {
        build_tell(b, "%-24s %9.2f ms\n", what, 1e3 * seconds);
    }
}
