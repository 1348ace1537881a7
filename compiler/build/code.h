// code.h: parts of a model as code in this process, for what is computed while building.
#ifndef BUILD_CODE_H
#define BUILD_CODE_H

#include "build/state.h"

/// Of the plans, as a model in this process until build_finish: CODEGEN_PREPARE on a machine that
/// runs the target, or CODEGEN_TABLES, for its regions and tensors, on any.
BuildStatus build_load_part(Build *b, CodegenPart part, const RnModel **model);

#endif
