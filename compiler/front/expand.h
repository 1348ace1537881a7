// expand.h: what works through a model: expressions (eval.c), calls (call.c) and statements (exec.c),
// which lead to each other.
#ifndef FRONT_EXPAND_H
#define FRONT_EXPAND_H

#include "front/state.h"

/// An expression's value.
Val eval_expr(Front *f, Frame *frame, const AstExpr *e);
/// The same for what must be true or false; any other value but poison is reported, and given.
Val eval_condition(Front *f, Frame *frame, const AstExpr *e);
/// The expression as written, shortened, for messages.
const char *eval_written(Front *f, const AstExpr *e);
/// Whether an expression mentions params or macs.
bool eval_mentions_totals(const Front *f, const AstExpr *e);

/// Calls an operator or block. `label` may be NULL. As a statement the result becomes `it`.
Val call_apply(Front *f, Frame *frame, const Call *call, const char *label);

void exec_body(Front *f, Frame *frame, const StmtList *body);
void exec_late_asserts(Front *f);

#endif
