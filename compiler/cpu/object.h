// object.h: LLVM's target machines, and a module written as object, assembly or text.
#ifndef CPU_OBJECT_H
#define CPU_OBJECT_H

#include <llvm-c/TargetMachine.h>

#include "base/arena.h"
#include "cpu/format.h"
#include "cpu/target.h"

/// Starts LLVM's back end (once is enough, more do no harm) and makes a machine for the target.
/// Position-independent code. Dispose of it with LLVMDisposeTargetMachine.
LLVMTargetMachineRef machine_create(const TargetDef *target);

/// Checks the module, then writes it into the arena. A module that LLVM refuses is an internal
/// error.
const void *module_write(LLVMTargetMachineRef machine, LLVMModuleRef module, Arena *a,
                         CodegenFormat format, size_t *bytes);

#endif
