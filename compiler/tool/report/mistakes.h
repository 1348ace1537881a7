// mistakes.h: what a model gets wrong on a data set, as parts of an HTML page.
#ifndef TOOL_REPORT_MISTAKES_H
#define TOOL_REPORT_MISTAKES_H

#include "tool/commands/loaded_model.h"

/// Adds the confusion matrix (of many classes: the most frequent confusions) and the pictures with
/// the largest loss among the wrong ones, as they were before the normalisation that `stated` (NULL:
/// none) holds. predictions: one per picture of the set.
ExitCode mistakes_add(const RnDataset *data, const RnPreprocess *stated,
                      const Prediction *predictions, uint32_t classes, StrBuf *out);

#endif
