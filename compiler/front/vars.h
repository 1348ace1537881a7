// vars.h: names and their values.
#ifndef FRONT_VARS_H
#define FRONT_VARS_H

#include "front/state.h"

Var *vars_find(const Vars *v, const char *name);
Var *vars_set(Front *f, Vars *v, const char *name, Val value);
void vars_report_unknown(Front *f, const Frame *frame, const char *name, SrcRange range);

#endif
