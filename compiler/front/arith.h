// arith.h: operators on values.
#ifndef FRONT_ARITH_H
#define FRONT_ARITH_H

#include "front/state.h"

Val arith_unary(Front *f, const Frame *frame, const AstExpr *e, Val x);
Val arith_binary(Front *f, const Frame *frame, const AstExpr *e, Val a, Val b);

#endif
