// pipeline.h: what runs between the front end's graph and the code generator, as the driver sees
// it. Not here: the passes (one file each), their table (pipeline.c).
#ifndef PASSES_PIPELINE_H
#define PASSES_PIPELINE_H

#include <stdbool.h>

#include "base/diag.h"
#include "base/strbuf.h"
#include "ir/graph.h"
#include "passes/options.h"

/// Texts for the user, in the arena of the buffers (set .arena before).
typedef struct PassReport {
    StrBuf dumps; // "== pass (mode, batch)" and the graph, for each pass asked for
    StrBuf times; // one line per pass
} PassReport;

/// Runs all passes that serve g->mode, for g->plan_batch (both set by the caller). False after a
/// diagnostic. A broken rule found by the verifier is an internal error.
bool passes_run(Graph *g, const PassOptions *opt, Diag *diag, PassReport *report);

/// The names of a mode's passes in their order; gives how many. And a run of these passes and no
/// others (opt->stop_after counts for nothing): for tests. An order that breaks the facts is an
/// internal error; passes_refusal tells its text, or NULL.
enum { PASSES_MAX = 24 };
uint32_t passes_order(Mode mode, const char *names[PASSES_MAX]);
const char *passes_refusal(Arena *a, Mode mode, const char *const *names, uint32_t count);
bool passes_run_in_order(Graph *g, const PassOptions *opt, Diag *diag, PassReport *report,
                         const char *const *names, uint32_t count);

/// Each pass: name, modes, what it does; the facts that it needs and makes.
void passes_list(StrBuf *out);
/// Whether a pass of this name exists (for --dump-after and --stop-after).
bool passes_known(const char *name);

/// Why this graph cannot be trained ("its output is f32[N,64,7,7], ..."), or NULL. Before any pass.
const char *passes_untrainable(Arena *a, const Graph *g);

/// --emit=plan: every buffer with lifetime, place and bytes; totals, lower bound and their ratio.
char *plan_print(Arena *a, const Graph *g);

#endif
