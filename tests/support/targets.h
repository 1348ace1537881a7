// targets.h: every instruction set as a target of the tests. What this machine has is run natively,
// the others' logic emulated, so that every test means the same on every machine.
#ifndef SUPPORT_TARGETS_H
#define SUPPORT_TARGETS_H

#include "cpu/target.h"

/// Of instruction set i in isa_table, or of one by its name: code that this machine runs. Targets
/// live as long as the process.
const TargetDef *target_to_run(size_t i);
const TargetDef *target_to_run_named(const char *isa);
/// Code that is only looked at: never emulated.
const TargetDef *target_to_see(size_t i);
/// The best that this machine has.
const TargetDef *target_here(void);

#endif
