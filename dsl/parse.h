// parse.h: from a source text to its tree.
#ifndef DSL_PARSE_H
#define DSL_PARSE_H

#include "base/diag.h"
#include "dsl/ast.h"

enum { DSL_MAX_FILE_BYTES = 1 << 20 };

/// Parses file number `file` of `sources`. Reports what is wrong to diag and goes on with the next
/// statement; what could not be read is in the tree as STMT_ERROR or EXPR_ERROR. Never NULL.
/// Names are interned in `names`; the tree lives in the arena and does not point into the text.
AstFile *dsl_parse(Arena *a, Intern *names, SourceSet *sources, Diag *diag, uint32_t file);

#endif
