// checkpoint_files.h: where checkpoints lie: one file, or a folder of numbered ones.
// Not here: what is in them (resnetc/checkpoint.h).
#ifndef TOOL_TRAIN_CHECKPOINT_FILES_H
#define TOOL_TRAIN_CHECKPOINT_FILES_H

#include "tool/cli/options.h"

/// Whether the path of --checkpoint is a folder: one that is there, or a name with a slash at its
/// end.
bool checkpoint_in_folder(const char *path);
/// Makes the folder where it is not there, removes what killed processes left half written, and
/// checks that it can be written. A folder with checkpoints is for a run that resumes.
ExitCode checkpoint_prepare(Arena *a, const char *path, bool resume);
/// The file to write after this step: the path, or FOLDER/step-000000123.safetensors.
const char *checkpoint_file(Arena *a, const char *path, uint64_t step);
/// The file to go on from: the path, or the folder's newest.
ExitCode checkpoint_newest(Arena *a, const char *path, const char **file);
/// Leaves the `keep` newest of the folder.
ExitCode checkpoint_prune(Arena *a, const char *path, int64_t keep);

#endif
