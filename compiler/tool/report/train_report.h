// train_report.h: the page of --report.
#ifndef TOOL_REPORT_TRAIN_REPORT_H
#define TOOL_REPORT_TRAIN_REPORT_H

#include "tool/train/train.h"

/// Writes the page as the run stands, if --report was given.
ExitCode train_write_report(Training *t);

#endif
