// fake_target.h: a code generator that only says layouts: activations in blocks, weights packed as
// they are, vectors padded. For tests of the passes alone.
#ifndef TESTS_PASSES_FAKE_TARGET_H
#define TESTS_PASSES_FAKE_TARGET_H

#include "ir/lowering.h"

enum { FAKE_WIDTH = 4 };

Lowering *fake_lower(const Graph *g, const Node *n);

extern const LowerTarget fake_target;

#endif
