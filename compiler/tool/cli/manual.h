// manual.h: the manual page and bash's completion, both made from the tables of commands and
// options.
#ifndef TOOL_CLI_MANUAL_H
#define TOOL_CLI_MANUAL_H

#include "base/strbuf.h"

/// resnetc(1) in roff.
void manual_print(StrBuf *out);
/// A bash script that completes commands, options, choices, models and files.
void completion_print(StrBuf *out);

#endif
