// tensor_file_write.c: writes safetensors.
#include "tensors/tensor_file.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "files/file_out.h"
#include "core/memory.h"

// Past this a JSON number would no longer be printed as a whole number.
static const uint64_t OFFSET_MAX = UINT64_C(999999999999999);

static bool add_list(cJSON *object, const char *name, const uint64_t *values, uint32_t n)
{
    cJSON *list = cJSON_AddArrayToObject(object, name);
    for (uint32_t i = 0; i < n; i++) {
        cJSON *number = cJSON_CreateNumber((double)values[i]);
        if (!cJSON_AddItemToArray(list, number)) {
            cJSON_Delete(number);
            return false;
        }
    }
    return list != NULL;
}

static bool add_tensor(cJSON *header, const RnFileTensor *t, uint64_t begin)
{
    uint64_t offsets[2] = {begin, begin + t->bytes};
    cJSON *entry = cJSON_AddObjectToObject(header, t->name);
    return entry != NULL && cJSON_AddStringToObject(entry, "dtype", t->dtype) != NULL &&
           add_list(entry, "shape", t->shape.dim, t->shape.rank) &&
           add_list(entry, "data_offsets", offsets, 2);
}

static bool add_meta(cJSON *header, const RnFileMeta *meta, size_t count)
{
    if (count == 0) {
        return true;
    }
    cJSON *object = cJSON_AddObjectToObject(header, "__metadata__");
    for (size_t i = 0; i < count; i++) {
        if (cJSON_AddStringToObject(object, meta[i].key, meta[i].value) == NULL) {
            return false;
        }
    }
    return object != NULL;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static RnStatus check_names(const char *path, const RnFileTensor *tensors, size_t count,
                            RnError *err)
{
    const char **names = calloc(count ? count : 1, sizeof *names);
    if (names == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
    }
    for (size_t i = 0; i < count; i++) {
        names[i] = tensors[i].name;
    }
    qsort(names, count, sizeof *names, by_text);
    RnStatus status = RN_OK;
    for (size_t i = 1; i < count && status == RN_OK; i++) {
        if (strcmp(names[i - 1], names[i]) == 0) {
            status = rn_fail(err, RN_ERR_USAGE, "%s: two tensors are named \"%s\"", path, names[i]);
        }
    }
    free(names);
    return status;
}

static RnStatus check_tensors(const char *path, const RnFileTensor *tensors, size_t count,
                              RnError *err)
{
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        const RnFileTensor *t = &tensors[i];
        uint64_t bits = 0;
        if (t->shape.rank > RN_IO_MAX_RANK || !rni_shape_elements(&t->shape, &bits) ||
            !checked_mul(bits, rni_tensor_dtype_bits(t->dtype), &bits) || bits / 8 != t->bytes) {
            return rn_fail(err, RN_ERR_USAGE, "%s: tensor \"%s\": shape, dtype and bytes disagree",
                           path, t->name);
        }
        if (!checked_add(total, t->bytes, &total) || total > OFFSET_MAX) {
            return rn_fail(err, RN_ERR_USAGE, "%s: more than %llu bytes", path,
                           (unsigned long long)OFFSET_MAX);
        }
    }
    return check_names(path, tensors, count, err);
}

// The header's text, padded with blanks to a multiple of 8; NULL when out of memory.
static char *header_text(const RnFileTensor *tensors, size_t count, const RnFileMeta *meta,
                         size_t meta_count, size_t *length)
{
    cJSON *header = cJSON_CreateObject();
    bool ok = header != NULL && add_meta(header, meta, meta_count);
    uint64_t at = 0;
    for (size_t i = 0; i < count && ok; i++) {
        ok = add_tensor(header, &tensors[i], at);
        at += tensors[i].bytes;
    }
    char *text = ok ? cJSON_PrintUnformatted(header) : NULL;
    cJSON_Delete(header);
    if (text == NULL) {
        return NULL;
    }
    size_t n = strlen(text);
    *length = (n + 7) / 8 * 8;
    char *padded = malloc(*length + 1);
    if (padded != NULL) {
        memset(padded, ' ', *length);
        memcpy(padded, text, n);
    }
    cJSON_free(text);
    return padded;
}

RnStatus rn_tensor_file_write(const char *path, const RnFileTensor *tensors, size_t count,
                              const RnFileMeta *meta, size_t meta_count, RnError *err)
{
    RnStatus status = check_tensors(path, tensors, count, err);
    if (status != RN_OK) {
        return status;
    }
    size_t length = 0;
    char *header = header_text(tensors, count, meta, meta_count, &length);
    if (header == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
    }
    FileOut file;
    status = rni_file_out_open(&file, path, err);
    if (status != RN_OK) {
        free(header);
        return status;
    }
    unsigned char start[8];
    for (unsigned i = 0; i < 8; i++) {
        start[i] = (unsigned char)((uint64_t)length >> (8 * i));
    }
    bool ok =
        rni_file_out_write(&file, start, sizeof start) && rni_file_out_write(&file, header, length);
    for (size_t i = 0; i < count && ok; i++) {
        ok = rni_file_out_write(&file, tensors[i].data, tensors[i].bytes);
    }
    free(header);
    return rni_file_out_commit(&file, err);
}
