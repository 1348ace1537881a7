// progress.c: the progress bar, on standard error so that standard output holds results only.
#include "tool/cli/progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"

#define BAR_COLUMNS 28
#define TERMINAL_SECONDS 0.1 // between two drawings
#define PLAIN_SECONDS 30.0   // between two lines where there is no terminal

void progress_format_time(double seconds, char text[16])
{
    if (!isfinite(seconds) || seconds < 0 || seconds > 3.5e6) {
        snprintf(text, 16, "-");
        return;
    }
    unsigned s = (unsigned)lround(seconds);
    if (s >= 3600) {
        snprintf(text, 16, "%u:%02u:%02u", s / 3600, s / 60 % 60, s % 60);
    } else {
        snprintf(text, 16, "%u:%02u", s / 60, s % 60);
    }
}

void progress_start(Progress *p, const char *label, uint64_t done, uint64_t total)
{
    double now = clock_seconds();
    *p = (Progress){.label = label, .total = total, .first = done, .start = now, .shown = now};
    p->terminal = isatty(STDERR_FILENO) == 1;
}

// Columns of the terminal; 0 when it does not say.
static int terminal_columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

// "1:12 left, 14:05 to the end"
static const char *time_left(const Progress *p, uint64_t done, double rate, char text[64])
{
    char here[16], end[16];
    double left = (double)(p->total - done) / rate;
    progress_format_time(left, here);
    progress_format_time(left + (double)p->more / rate + p->more_seconds, end);
    if (p->more) {
        snprintf(text, 64, "%s left, %s to the end", here, end);
    } else {
        snprintf(text, 64, "%s left", here);
    }
    return text;
}

static void draw_bar(Progress *p, uint64_t done, const char *note, double rate, const char *left)
{
    char bar[BAR_COLUMNS + 1];
    size_t full = (size_t)((double)BAR_COLUMNS * (double)done / (double)p->total);
    memset(bar, '-', BAR_COLUMNS);
    memset(bar, '#', full > BAR_COLUMNS ? BAR_COLUMNS : full);
    bar[BAR_COLUMNS] = 0;
    char line[256];
    double percent = 100.0 * (double)done / (double)p->total;
    int columns = terminal_columns();
    int n = snprintf(line, sizeof line, "%s [%s] %3.0f%%  %s  %.0f images/s  %s", p->label, bar,
                     percent, note, rate, left);
    if (columns > 0 && n >= columns) { // a line that wraps cannot be drawn over: leave the bar out
        n = snprintf(line, sizeof line, "%s %.0f%% %.0f/s %s", p->label, percent, rate, left);
    }
    if (columns > 0 && n >= columns) {
        n = columns - 1;
    }
    fprintf(stderr, "\r%.*s", n, line);
    if (n < p->drawn) {
        fprintf(stderr, "%*s", p->drawn - n, "");
    }
    p->drawn = n;
    fflush(stderr);
}

void progress_update(Progress *p, uint64_t done, const char *note)
{
    double now = clock_seconds();
    if (p->total == 0 || now - p->shown < (p->terminal ? TERMINAL_SECONDS : PLAIN_SECONDS)) {
        return;
    }
    p->shown = now;
    double rate = (double)(done - p->first) / (now - p->start);
    char text[64];
    const char *left = time_left(p, done, rate, text);
    if (p->terminal) {
        draw_bar(p, done, note, rate, left);
    } else {
        fprintf(stderr, "%s: %llu of %llu images  %s  %.0f images/s  %s\n", p->label,
                (unsigned long long)done, (unsigned long long)p->total, note, rate, left);
    }
}

void progress_end(Progress *p)
{
    if (p->drawn > 0) {
        fprintf(stderr, "\r%*s\r", p->drawn, "");
    }
    p->drawn = 0;
    fflush(stderr);
}
