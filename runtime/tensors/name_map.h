// name_map.h: rename tables: how the names in a weights file become those of a model.
#ifndef RUNTIME_TENSORS_NAME_MAP_H
#define RUNTIME_TENSORS_NAME_MAP_H

#include <stddef.h>

#include "tensors/tensor_file.h"

typedef struct NameMap NameMap;

/// Reads a table: a rule "OLD NEW" per line, # begins a comment. Each * in OLD stands for any text,
/// as short as fits; NEW has as many, which receive these texts in order, or none. NEW "-" leaves
/// the tensor out. Mistakes are RN_ERR_INPUT with the line.
RnStatus rni_name_map_open(const char *path, NameMap **out, RnError *err);
/// The same from memory; `path` only names it in messages.
RnStatus rni_name_map_parse(const void *text, size_t bytes, const char *path, NameMap **out,
                            RnError *err);
void rni_name_map_free(NameMap *map); // accepts NULL

/// Renames a file's tensors, each by the first rule that fits it, and sorts them. A rule that
/// serves no tensor, and two tensors that come to one name, are RN_ERR_INPUT.
RnStatus rni_name_map_apply(NameMap *map, RnTensorFile *file, RnError *err);

#endif
