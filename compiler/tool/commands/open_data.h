// open_data.h: --data: which pictures a command takes, and saying so.
// Not here: how they become the model's input (data.c).
#ifndef TOOL_COMMANDS_OPEN_DATA_H
#define TOOL_COMMANDS_OPEN_DATA_H

#include <stdatomic.h>

#include "tool/cli/options.h"
#include "resnetc/data.h"
#include "resnetc/pictures.h"

/// What the sets of one command share while they are read. Zero but for `options`; it must outlive
/// them.
typedef struct DataReading {
    const Options *options;
    atomic_bool orientation_told;
} DataReading;

/// A split of --data. set NULL: there is none.
typedef struct OpenedData {
    RnDataset *set;
    RnSplit split;
    uint32_t found;    // pictures before bad ones were left out
    char folder[16];   // of a folder of pictures: the split's, "." the folder itself; else ""
    RnFolderRest rest; // what was not taken of it
} OpenedData;

/// Opens a split, cut to --limit pictures, and without bad ones if --skip-bad is given. out->set is
/// NULL, with EXIT_OK, where there is no such split.
ExitCode data_open(DataReading *reading, RnSplit split, OpenedData *out);
/// Opens what training scores after its epochs: validation pictures, else test pictures, else none.
ExitCode data_open_held_out(DataReading *reading, OpenedData *out);
/// Opens what --split says, by default what is held out, else everything. There is a set after
/// EXIT_OK. Says on standard error what it is.
ExitCode data_open_scored(DataReading *reading, OpenedData *out);
void data_close(OpenedData *data); // accepts a zeroed one

/// Of a folder of pictures: says on standard error what was taken as what: splits, classes with their
/// numbers and pictures, files that were not taken. Nothing of other sets.
void data_tell_training(Arena *a, const Options *o, const OpenedData *train,
                        const OpenedData *held_out);
/// The same as one JSON object; false for sets that are no folder of pictures.
bool data_print_json(StrBuf *out, const Options *o, const OpenedData *train,
                     const OpenedData *held_out);

#endif
