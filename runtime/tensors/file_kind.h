// file_kind.h: what a file is that was given for weights and is no safetensors file.
#ifndef RUNTIME_TENSORS_FILE_KIND_H
#define RUNTIME_TENSORS_FILE_KIND_H

#include <stddef.h>

/// What these bytes are and what to do with them, as a sentence goes on after the file's name; NULL:
/// nothing that is known.
const char *rni_file_kind_told(const unsigned char *bytes, size_t size);

#endif
