// progress.h: tells how far a long piece of work is: a bar on a terminal, now and then a line
// elsewhere.
#ifndef TOOL_CLI_PROGRESS_H
#define TOOL_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Progress {
    const char *label; // "epoch 3/10"
    uint64_t total;    // images
    bool terminal;
    double start, shown; // seconds
    uint64_t first;      // images done before this started (resumed)
    uint64_t more;       // images of the work that comes after this one, at the same rate
    double more_seconds; // and what else comes then
    int drawn;           // columns on the screen now
} Progress;

/// Starts at `done` of `total` images. Where more follows, set `more` and `more_seconds` afterwards:
/// the time left to the end of everything is shown too.
void progress_start(Progress *p, const char *label, uint64_t done, uint64_t total);
/// `done` images are done; `note` is shown beside ("loss 0.412").
void progress_update(Progress *p, uint64_t done, const char *note);
/// Clears the bar.
void progress_end(Progress *p);

/// "3:07" or "1:02:03" of a number of seconds.
void progress_format_time(double seconds, char text[16]);

#endif
