// read_preprocess.h: what stands behind an input's colon.
#ifndef FRONT_READ_PREPROCESS_H
#define FRONT_READ_PREPROCESS_H

#include "front/state.h"

/// NULL where nothing does.
const RnPreprocess *preprocess_eval(Front *f, Frame *frame, const Stmt *input, const Shape *shape);

#endif
