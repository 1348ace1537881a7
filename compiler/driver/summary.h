// summary.h: the table of a model's layers.
#ifndef DRIVER_SUMMARY_H
#define DRIVER_SUMMARY_H

#include "base/strbuf.h"
#include "ir/graph.h"

/// Parts of the network (the first word of the layers' names) with output shapes, then every layer
/// with output shape, parameters and MACs, then the totals.
void summary_print(const Graph *g, StrBuf *out);
/// Multiply-adds of convolutions and dense layers for one image, forward.
uint64_t summary_macs(const Graph *g);
uint64_t summary_params(const Graph *g);

#endif
