// emit.h: what `resnetc MODEL --emit KIND` can write: a kind is a record in a file of its own, and
// its table is made from this folder.
// Not here: where the bytes go (commands/cmd_compile.c).
#ifndef TOOL_EMIT_EMIT_H
#define TOOL_EMIT_EMIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/strbuf.h"
#include "build/build.h"

/// How far a model must be built; each holds all above it.
typedef enum EmitNeed {
    EMIT_NEEDS_GRAPH, // as the front end gives it: there are no modes, batches or targets
    EMIT_NEEDS_PLANS, // every plan
    EMIT_NEEDS_CODE   // what an object is made from, weights too
} EmitNeed;

typedef struct EmitDef {
    const char *name; // behind --emit
    const char *doc;  // for the help, without a full stop
    EmitNeed needs;
    bool is_binary; // not for a terminal
    /// The bytes, in the arena. Never fails: what could be wrong was found while building.
    const void *(*make)(Arena *a, Build *b, size_t *bytes);
} EmitDef;

extern const EmitDef *const emit_table[]; // by name
extern const size_t emit_table_count;

/// The kind of this name; NULL if there is none.
const EmitDef *emit_find(const char *name);
/// A finished text as an EmitDef.make returns it.
const void *emit_text(StrBuf *text, size_t *bytes);

#endif
