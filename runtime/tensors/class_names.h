// class_names.h: names of classes in the metadata of weights: "resnetc.classes", a JSON array of texts.
#ifndef RUNTIME_TENSORS_CLASS_NAMES_H
#define RUNTIME_TENSORS_CLASS_NAMES_H

#include <stdint.h>

#define CLASS_NAMES_META "resnetc.classes"

/// The array as JSON, UTF-8: bytes that are none become U+FFFD. NULL: no memory. Free with
/// cJSON_free.
char *rni_class_names_text(const char *const *names, uint32_t count);

#endif
