// param.h: params of the model and of files, and the -D values that override them.
#ifndef FRONT_PARAM_H
#define FRONT_PARAM_H

#include "front/state.h"

void param_read_defines(Front *f);
void param_report_unused_defines(Front *f);
/// `param name = value` in whichever frame.
void param_set(Front *f, Frame *frame, const Stmt *s);

#endif
