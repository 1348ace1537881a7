// internal_error.h: our own mistakes: a broken rule of the compiler, never the user's input.
#ifndef BASE_INTERNAL_ERROR_H
#define BASE_INTERNAL_ERROR_H

/// Prints pass or module, text and place if any, then aborts.
#define INTERNAL_ERROR(...) internal_error(__FILE__, __LINE__, __VA_ARGS__)
void internal_error(const char *file, int line, const char *fmt, ...)
    __attribute__((noreturn, format(printf, 3, 4)));

#endif
