// path.h: paths of layers and parameters.
#ifndef FRONT_PATH_H
#define FRONT_PATH_H

#include "front/state.h"

Scope *path_open(Front *f, Scope *parent, const char *label);
const char *path_of_layer(Front *f, Scope *scope, const char *label);
/// Remembers that a layer with parameters has this path; false after reporting that one already
/// has.
bool path_claim(Front *f, const Frame *frame, const char *path, SrcRange range);
void path_name_rest(Front *f);
/// Whether a label may stand in the frame's scope; reports what is wrong.
bool path_check_label(Front *f, const Frame *frame, const char *text, SrcRange range);

#endif
