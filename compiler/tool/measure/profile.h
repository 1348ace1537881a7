// profile.h: the time of each step over several runs, as a table beside what the cost model
// predicted. Not here: the runs (cmd_bench.c).
#ifndef TOOL_MEASURE_PROFILE_H
#define TOOL_MEASURE_PROFILE_H

#include <stdio.h>

#include "base/arena.h"
#include "resnetc/runtime.h"

typedef struct Profile Profile;

Profile *profile_create(Arena *a);
/// An RnStepHook; context: the profile. Keeps each step's least time.
void profile_step(void *context, const RnModel *model, const RnStep *step, uint32_t batch,
                  uint64_t ns);
/// One line per step in order of execution: its share of the time, measured and predicted ms,
/// GFLOP/s and their share of the machine's peak, GB/s, algorithm, line in the .rn file, name; then
/// sums by algorithm, and by line of the model's file, whose text is `text`. False when out cannot
/// be written.
bool profile_print(const Profile *p, const char *text, unsigned threads, double peak_gflops,
                   FILE *out);

#endif
