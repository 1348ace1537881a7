// class_names.c: names of classes to and from the metadata of weights.
#include "tensors/class_names.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "resnetc/weights.h"
#include "tensors/json_text.h"

// Bytes of the UTF-8 character at `at` (RFC 3629: no surrogates, nothing overlong), 0: it is none.
static size_t character_bytes(const unsigned char *at)
{
    static const struct {
        unsigned char lo, hi;           // of the first byte
        unsigned char next_lo, next_hi; // of the second
        size_t bytes;
    } forms[] = {{0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
                 {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3},
                 {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
                 {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};
    if (at[0] < 0x80) {
        return 1;
    }
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        if (at[0] < forms[i].lo || at[0] > forms[i].hi) {
            continue;
        }
        size_t n = 1;
        bool ok = at[1] >= forms[i].next_lo && at[1] <= forms[i].next_hi;
        while (ok && ++n < forms[i].bytes) {
            ok = (at[n] & 0xC0) == 0x80;
        }
        return ok ? forms[i].bytes : 0;
    }
    return 0;
}

// A copy where each byte that is no part of a character has become U+FFFD.
static char *clean_copy(const char *text)
{
    char *out = malloc(3 * strlen(text) + 1), *to = out;
    for (const char *at = text; out != NULL && *at;) {
        size_t n = character_bytes((const unsigned char *)at);
        memcpy(to, n ? at : "\xEF\xBF\xBD", n ? n : 3);
        to += n ? n : 3;
        at += n ? n : 1;
    }
    if (out != NULL) {
        *to = 0;
    }
    return out;
}

char *rni_class_names_text(const char *const *names, uint32_t count)
{
    cJSON *list = cJSON_CreateArray();
    bool ok = list != NULL;
    for (uint32_t i = 0; ok && i < count; i++) {
        char *name = clean_copy(names[i]);
        cJSON *item = name != NULL ? cJSON_CreateString(name) : NULL;
        free(name);
        ok = item != NULL && cJSON_AddItemToArray(list, item);
        if (!ok) {
            cJSON_Delete(item);
        }
    }
    char *text = ok ? cJSON_PrintUnformatted(list) : NULL;
    cJSON_Delete(list);
    return text;
}

static RnStatus copy_names(const cJSON *list, const char *path, RnClassNames *out, RnError *err)
{
    size_t count = (size_t)cJSON_GetArraySize(list);
    out->at = calloc(count + 1, sizeof *out->at);
    for (const cJSON *item = list->child; out->at != NULL && item != NULL; item = item->next) {
        if (!cJSON_IsString(item)) {
            return rn_fail(err, RN_ERR_INPUT, "%s: its " CLASS_NAMES_META " are no list of names",
                           path);
        }
        out->at[out->count] = strdup(item->valuestring);
        if (out->at[out->count] == NULL) {
            break;
        }
        out->count++;
    }
    return out->at != NULL && out->count == count
               ? RN_OK
               : rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
}

RnStatus rn_tensor_file_class_names(const RnTensorFile *file, RnClassNames *out, RnError *err)
{
    *out = (RnClassNames){0};
    const char *path = rn_tensor_file_path(file);
    const char *text = rn_tensor_file_meta(file, CLASS_NAMES_META);
    if (text == NULL) {
        return RN_OK;
    }
    cJSON *list = NULL;
    RnStatus status = rni_json_parse(text, strlen(text), &list);
    if (status == RN_ERR_MEMORY) {
        return rn_fail(err, status, "%s: out of memory", path);
    }
    status =
        cJSON_IsArray(list)
            ? copy_names(list, path, out, err)
            : rn_fail(err, RN_ERR_INPUT, "%s: its " CLASS_NAMES_META " are no list of names", path);
    cJSON_Delete(list);
    if (status != RN_OK) {
        rn_class_names_free(out);
    }
    return status;
}

void rn_class_names_free(RnClassNames *names)
{
    if (names == NULL) {
        return;
    }
    for (uint32_t i = 0; i < names->count; i++) {
        free(names->at[i]);
    }
    free(names->at);
    *names = (RnClassNames){0};
}
