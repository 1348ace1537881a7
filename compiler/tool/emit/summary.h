// summary.h: the table of a model's layers.
#ifndef TOOL_EMIT_SUMMARY_H
#define TOOL_EMIT_SUMMARY_H

#include "base/strbuf.h"
#include "base/vec.h"
#include "ir/graph.h"

/// Parts of the network (the first word of the layers' names) with output shapes, then every layer
/// with output shape, parameters and MACs, then the totals.
void summary_print(const Graph *g, StrBuf *out);
/// A line of the table; `what` is the operator, or the number of layers of a part.
typedef struct SummaryRow {
    const char *name, *what, *output; // output: "64x56x56"
    uint64_t params, macs;
} SummaryRow;
typedef VEC(SummaryRow) SummaryRows;
/// The graph's nodes joined by the first word of their names.
void summary_parts(const Graph *g, Arena *a, SummaryRows *rows);
void summary_layers(const Graph *g, Arena *a, SummaryRows *rows);
/// "11,689,512".
const char *summary_number(Arena *a, uint64_t n);
/// Multiply-adds of convolutions and dense layers for one image, forward.
uint64_t summary_macs(const Graph *g);
uint64_t summary_params(const Graph *g);

#endif
