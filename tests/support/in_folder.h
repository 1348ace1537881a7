// in_folder.h: for a test program that runs the tool in one folder of its own: the folder, the last
// result, and what is written there. Not here: how programs are run (tool.h).
#ifndef SUPPORT_IN_FOLDER_H
#define SUPPORT_IN_FOLDER_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "resnetc/tensor_io.h"
#include "support/tool.h"

/// The last run, and the folder's path.
extern ToolRun run;
extern char *folder;

/// Run a command, or resnetc, in the folder. The format must be a literal.
#define SHELL(...) tool_run(&run, "cd \"$RN_TEST_FOLDER\" && " __VA_ARGS__)
#define RESNETC(...) SHELL(TOOL " " __VA_ARGS__)

/// For fixtures: makes the folder, and removes it.
void enter_folder(const char *name);
void clean_up(void);

/// tool_expect of the last run.
void expect(int code, const char *text);

/// The path of a file in the folder; valid until the next call.
const char *in_folder(const char *name);

/// Writes an array [count, 3, 13, width] of made-up pictures; the last number is `last`.
void write_images(const char *name, uint64_t count, uint64_t width, float last);

/// Writes labels 0, 1, .., 4, 0, 1, ..; the last is `last`.
void write_labels(const char *name, uint64_t count, int64_t last);

#endif
