// model_file.h: the model's file, and the graph that is read from it.
#ifndef BUILD_MODEL_FILE_H
#define BUILD_MODEL_FILE_H

#include "build/state.h"

/// Finds the model's file, reads it and builds the graph.
BuildStatus build_read_model(Build *b);

#endif
