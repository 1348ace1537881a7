// load.h: files, includes and what stands at their top.
#ifndef FRONT_LOAD_H
#define FRONT_LOAD_H

#include "front/state.h"

/// Reads the file (or FrontOptions.text) and what it includes; false after a report.
bool load_main(Front *f, const char *path);
void load_prelude(Front *f);

#endif
