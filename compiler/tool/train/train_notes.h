// train_notes.h: what a checkpoint of `resnetc train` says beyond the library's: the options that a
// run must keep, the figures of the epoch under way, the curves. All of it is one text.
#ifndef TOOL_TRAIN_TRAIN_NOTES_H
#define TOOL_TRAIN_TRAIN_NOTES_H

#include "tool/train/train.h"

/// Writes the notes of the run as it stands.
void train_notes_print(const Training *t, StrBuf *out);
/// Reads them back: figures and curves into *t. An option that differs from this run's, or another
/// number of pictures, is an error that names it. Notes of old versions hold the curves only.
ExitCode train_notes_take(Training *t, const char *path, const char *notes);

#endif
