// shards.h: weights in several safetensors files, with an index that says which tensor is where:
// {"metadata": {...}, "weight_map": {"NAME": "FILE", ...}}, as Hugging Face writes them.
#ifndef RUNTIME_TENSORS_SHARDS_H
#define RUNTIME_TENSORS_SHARDS_H

#include "tensors/tensor_file.h"

/// The names of an index's files, each once, sorted.
typedef struct ShardList {
    cJSON *index;
    const cJSON *map; // of the index
    const char **files;
    size_t count;
} ShardList;

/// Does the text look like an index?
bool rni_shards_is_index(const unsigned char *bytes, size_t size);
/// Reads an index; `path` only names it in messages. Files must lie beside it: a name with a slash
/// is refused. Free with rni_shards_free.
RnStatus rni_shards_parse(const unsigned char *bytes, size_t size, const char *path, ShardList *out,
                          RnError *err);
void rni_shards_free(ShardList *list);

/// Opens all files of an index as one. They must hold exactly the tensors that it names, where it
/// says.
RnStatus rni_shards_open(const unsigned char *bytes, size_t size, const char *path,
                         RnTensorFile **out, RnError *err);

#endif
