// man_page.h: the manual page and bash's completion, both made from the tables of commands and
// options.
#ifndef TOOL_CLI_MAN_PAGE_H
#define TOOL_CLI_MAN_PAGE_H

#include "base/strbuf.h"

/// resnetc(1) in roff.
void man_page_print(StrBuf *out);
/// A bash script that completes commands, options, choices, models and files.
void completion_print(StrBuf *out);

#endif
