// predict.h: what the two forms of the predict command share: class names, and files of pictures.
#ifndef TOOL_COMMANDS_PREDICT_H
#define TOOL_COMMANDS_PREDICT_H

#include "tool/commands/loaded_model.h"

/// Names of classes: the lines of --labels, those in the file of weights, or a data set's. at NULL: they
/// have numbers only.
typedef struct ClassNames {
    const char *const *at;
    uint32_t count;
} ClassNames;

/// Reads --labels, a name on each line; the model must have as many classes. Without the option the
/// names that the file of --weights holds.
ExitCode predict_read_names(Arena *a, const LoadedModel *m, ClassNames *out);
/// The name, or "class 7".
const char *predict_class_name(const ClassNames *names, uint32_t k, char text[24]);
/// Classifies o->pictures. A picture that cannot be read is reported, the others are still done.
ExitCode predict_files(Arena *a, LoadedModel *m, const ClassNames *names);

#endif
