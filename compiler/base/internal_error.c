// internal_error.c: see internal_error.h.
#include "base/internal_error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void internal_error(const char *file, int line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    (void)fprintf(stderr, "resnetc: internal error (%s:%d): ", file, line);
    (void)vfprintf(stderr, fmt, ap);
    (void)fputc('\n', stderr);
    va_end(ap);
    abort();
}
