// options.h: what the passes are asked for.
#ifndef PASSES_OPTIONS_H
#define PASSES_OPTIONS_H

#include <stdbool.h>

#include "ir/lowering.h"
#include "passes/packed_pool.h"

/// What backward computes again instead of keeping it from forward; each holds all below it.
typedef enum Recompute {
    RECOMPUTE_CONVS, // convolutions that reduce few values, too
    RECOMPUTE_JOINS, // what joins store, too
    RECOMPUTE_MAPS,  // normalisation and activation
    RECOMPUTE_NONE
} Recompute;

typedef struct PassOptions {
    const LowerTarget *target;
    bool both_modes; // the object holds training too: labels and loss have regions in inference
    Recompute recompute;
    double label_smoothing; // of the loss; 0: none
    PackedPool *packed; // shared by the plans of one object; NULL: this graph has the region alone
    const char *dump_after; // a pass's name or "all"; NULL: no dump
    const char *stop_after; // a pass's name, NULL: run all
    bool verify_each;
    bool time_passes;
} PassOptions;

#endif
