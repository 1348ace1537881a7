// json_text.h: JSON with cJSON, where a text that is no JSON and memory that ran out differ.
#ifndef RUNTIME_TENSORS_JSON_TEXT_H
#define RUNTIME_TENSORS_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "resnetc/status.h"

/// The value that is the whole text but for blanks after it. RN_ERR_INPUT: the text is no JSON;
/// RN_ERR_MEMORY: it is, and there was no memory for it. Nobody is told: the caller knows what the
/// text is. Free with cJSON_Delete.
RnStatus rni_json_parse(const char *text, size_t length, cJSON **out);

/// Is the text one JSON value, with blanks around it? Allocates nothing.
bool rni_json_valid(const char *text, size_t length);

#endif
