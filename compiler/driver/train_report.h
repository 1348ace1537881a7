// train_report.h: the page of --report.
#ifndef DRIVER_TRAIN_REPORT_H
#define DRIVER_TRAIN_REPORT_H

#include "driver/train.h"

/// Writes the page as the run stands, if --report was given.
ExitCode train_write_report(Training *t);

#endif
