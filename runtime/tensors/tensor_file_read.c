// tensor_file_read.c: reads safetensors.
//
// u64 header length, a JSON object { "NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets":
// [begin, end]}, ..., "__metadata__": {"KEY": "VALUE"} }, then the bytes that the offsets count
// from. The tensors must cover these bytes exactly, one after another.
#include "tensors/tensor_file.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "tensors/file_kind.h"
#include "tensors/json_text.h"
#include "tensors/shards.h"

typedef struct DType {
    const char *name;
    unsigned bits;
} DType;

unsigned rni_tensor_dtype_bits(const char *dtype)
{
    static const DType types[] = {
        {"F32", 32}, {"I64", 64}, {"F64", 64}, {"F16", 16},    {"BF16", 16},
        {"I32", 32}, {"I16", 16}, {"I8", 8},   {"U8", 8},      {"U16", 16},
        {"U32", 32}, {"U64", 64}, {"BOOL", 8}, {"F8_E4M3", 8}, {"F8_E5M2", 8},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].name, dtype) == 0) {
            return types[i].bits;
        }
    }
    return 0;
}

// A JSON number that is a whole number from 0 to 2^53.
static bool json_size(const cJSON *item, uint64_t *out)
{
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) || item->valuedouble > 0x1p53 ||
        floor(item->valuedouble) < item->valuedouble) {
        return false;
    }
    *out = (uint64_t)item->valuedouble;
    return true;
}

static bool parse_shape(const cJSON *list, RnShape *shape)
{
    if (!cJSON_IsArray(list)) {
        return false;
    }
    for (const cJSON *item = list->child; item != NULL; item = item->next) {
        if (shape->rank == RN_IO_MAX_RANK || !json_size(item, &shape->dim[shape->rank])) {
            return false;
        }
        shape->rank++;
    }
    return true;
}

// Cuts names from files short, and hides what a terminal might obey.
static const char *shown(const char *name, char text[80])
{
    size_t i = 0;
    for (; i < 76 && name[i]; i++) {
        text[i] = (unsigned char)name[i] < 32 || name[i] == 127 ? '?' : name[i];
    }
    memcpy(text + i, name[i] ? "..." : "", name[i] ? 4 : 1);
    return text;
}

static RnStatus parse_tensor(const RnTensorFile *file, const cJSON *item, RnFileTensor *t,
                             RnError *err)
{
    char name[80];
    shown(item->string, name);
    t->name = item->string;
    const cJSON *dtype = cJSON_GetObjectItemCaseSensitive(item, "dtype");
    const cJSON *offsets = cJSON_GetObjectItemCaseSensitive(item, "data_offsets");
    uint64_t begin = 0, end = 0, elements = 0, bits = 0;
    if (!cJSON_IsObject(item) || !cJSON_IsString(dtype) || cJSON_GetArraySize(item) != 3) {
        return rn_fail(err, RN_ERR_INPUT, "%s: tensor \"%s\" is not {dtype, shape, data_offsets}",
                       file->path, name);
    }
    t->dtype = dtype->valuestring;
    if (rni_tensor_dtype_bits(t->dtype) == 0) {
        return rn_fail(err, RN_ERR_INPUT, "%s: tensor \"%s\" has an unknown dtype", file->path,
                       name);
    }
    if (!parse_shape(cJSON_GetObjectItemCaseSensitive(item, "shape"), &t->shape)) {
        return rn_fail(err, RN_ERR_INPUT,
                       "%s: tensor \"%s\" has no shape of at most %d whole numbers", file->path,
                       name, RN_IO_MAX_RANK);
    }
    if (!cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2 ||
        !json_size(offsets->child, &begin) || !json_size(offsets->child->next, &end) ||
        begin > end || end > file->data_bytes) {
        return rn_fail(err, RN_ERR_INPUT,
                       "%s: tensor \"%s\" has data_offsets outside the file's %zu bytes",
                       file->path, name, file->data_bytes);
    }
    if (!rni_shape_elements(&t->shape, &elements) ||
        !checked_mul(elements, rni_tensor_dtype_bits(t->dtype), &bits) || bits / 8 != end - begin) {
        return rn_fail(err, RN_ERR_INPUT,
                       "%s: tensor \"%s\": its shape does not fit its %llu bytes", file->path, name,
                       (unsigned long long)(end - begin));
    }
    t->data = file->data + begin;
    t->bytes = (size_t)(end - begin);
    return RN_OK;
}

static int by_place(const void *a, const void *b)
{
    const RnFileTensor *x = a, *y = b;
    if (x->data != y->data) {
        return (const char *)x->data < (const char *)y->data ? -1 : 1;
    }
    return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

static int by_name(const void *a, const void *b)
{
    const RnFileTensor *x = a, *y = b;
    return strcmp(x->name, y->name);
}

const RnFileTensor *rni_tensor_file_sort(RnTensorFile *file)
{
    if (file->count) {
        qsort(file->tensors, file->count, sizeof *file->tensors, by_name);
    }
    for (size_t i = 1; i < file->count; i++) {
        if (by_name(&file->tensors[i - 1], &file->tensors[i]) == 0) {
            return &file->tensors[i];
        }
    }
    return NULL;
}

// No byte belongs to two tensors or to none; no name appears twice. Leaves them sorted by name.
static RnStatus check_cover(RnTensorFile *file, RnError *err)
{
    char name[80];
    if (file->count) {
        qsort(file->tensors, file->count, sizeof *file->tensors, by_place);
    }
    const unsigned char *at = file->data;
    for (size_t i = 0; i < file->count; i++) {
        const RnFileTensor *t = &file->tensors[i];
        if ((const unsigned char *)t->data != at) {
            return rn_fail(err, RN_ERR_INPUT, "%s: tensor \"%s\" %s", file->path,
                           shown(t->name, name),
                           (const unsigned char *)t->data < at ? "overlaps another"
                                                               : "leaves a gap before it");
        }
        at += t->bytes;
    }
    if (at != file->data + file->data_bytes) {
        return rn_fail(err, RN_ERR_INPUT, "%s: %zu bytes at the end belong to no tensor",
                       file->path, (size_t)(file->data + file->data_bytes - at));
    }
    const RnFileTensor *twice = rni_tensor_file_sort(file);
    if (twice != NULL) {
        return rn_fail(err, RN_ERR_INPUT, "%s: tensor \"%s\" appears twice", file->path,
                       shown(twice->name, name));
    }
    return RN_OK;
}

static RnStatus check_meta(const RnTensorFile *file, RnError *err)
{
    if (!cJSON_IsObject(file->meta)) {
        return rn_fail(err, RN_ERR_INPUT, "%s: __metadata__ is not an object", file->path);
    }
    for (const cJSON *item = file->meta->child; item != NULL; item = item->next) {
        if (!cJSON_IsString(item)) {
            return rn_fail(err, RN_ERR_INPUT, "%s: __metadata__ holds something that is not text",
                           file->path);
        }
    }
    return RN_OK;
}

static RnStatus parse_header(RnTensorFile *file, RnError *err)
{
    size_t count = (size_t)cJSON_GetArraySize(file->header);
    file->tensors = calloc(count ? count : 1, sizeof *file->tensors);
    if (file->tensors == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", file->path);
    }
    for (const cJSON *item = file->header->child; item != NULL; item = item->next) {
        RnStatus status;
        if (strcmp(item->string, "__metadata__") == 0) {
            if (file->meta != NULL) {
                return rn_fail(err, RN_ERR_INPUT, "%s: __metadata__ appears twice", file->path);
            }
            file->meta = item;
            status = check_meta(file, err);
        } else {
            status = parse_tensor(file, item, &file->tensors[file->count++], err);
        }
        if (status != RN_OK) {
            return status;
        }
    }
    return check_cover(file, err);
}

// What is wrong with a file that is no safetensors file: what it is, where that is known.
static RnStatus fail_kind(const RnTensorFile *file, const char *why, RnError *err)
{
    const char *told = rni_file_kind_told(file->bytes.data, file->bytes.size);
    return rn_fail(err, RN_ERR_INPUT, "%s: %s", file->path, told != NULL ? told : why);
}

static RnStatus parse_bytes(RnTensorFile *file, uint64_t length, RnError *err)
{
    const FileMap *bytes = &file->bytes;
    if (bytes->size < 8 || length > bytes->size - 8) {
        return fail_kind(file, "not a safetensors file, or truncated: no whole header", err);
    }
    if (length > TENSOR_FILE_HEADER_MAX) {
        return rn_fail(err, RN_ERR_INPUT, "%s: header of %llu bytes: the limit is %llu", file->path,
                       (unsigned long long)length, (unsigned long long)TENSOR_FILE_HEADER_MAX);
    }
    file->data = bytes->data + 8 + length;
    file->data_bytes = bytes->size - 8 - (size_t)length;
    RnStatus status = rni_json_parse((const char *)bytes->data + 8, (size_t)length, &file->header);
    if (status == RN_ERR_MEMORY) {
        return rn_fail(err, status, "%s: out of memory", file->path);
    }
    if (!cJSON_IsObject(file->header)) {
        return fail_kind(file, "not a safetensors file: its header is no JSON object", err);
    }
    return parse_header(file, err);
}

// Takes the bytes over, also when it fails.
static RnStatus parse_owned(FileMap bytes, const char *path, RnTensorFile **out, RnError *err)
{
    RnTensorFile *file = calloc(1, sizeof *file);
    if (file == NULL || (file->path = strdup(path)) == NULL) {
        free(file);
        rni_file_unmap(&bytes);
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
    }
    file->bytes = bytes;
    uint64_t length = 0;
    for (unsigned i = 0; i < 8 && bytes.size >= 8; i++) {
        length |= (uint64_t)bytes.data[i] << (8 * i);
    }
    RnStatus status = parse_bytes(file, length, err);
    if (status != RN_OK) {
        rn_tensor_file_close(file);
        return status;
    }
    *out = file;
    return RN_OK;
}

RnStatus rni_tensor_file_open_one(const char *path, RnTensorFile **out, RnError *err)
{
    *out = NULL;
    FileMap bytes;
    RnStatus status = rni_file_map(path, &bytes, err);
    return status == RN_OK ? parse_owned(bytes, path, out, err) : status;
}

RnStatus rn_tensor_file_open(const char *path, RnTensorFile **out, RnError *err)
{
    *out = NULL;
    FileMap bytes;
    RnStatus status = rni_file_map(path, &bytes, err);
    if (status != RN_OK || !rni_shards_is_index(bytes.data, bytes.size)) {
        return status == RN_OK ? parse_owned(bytes, path, out, err) : status;
    }
    status = rni_shards_open(bytes.data, bytes.size, path, out, err);
    rni_file_unmap(&bytes);
    return status;
}

RnStatus rn_tensor_file_parse(const void *bytes, size_t size, const char *path, RnTensorFile **out,
                              RnError *err)
{
    *out = NULL;
    FileMap copy = {rni_memory_aligned(size, MEMORY_ALIGN), size, false};
    if (copy.data == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
    }
    if (size) {
        memcpy(copy.data, bytes, size);
    }
    return parse_owned(copy, path, out, err);
}

void rn_tensor_file_close(RnTensorFile *file)
{
    if (file == NULL) {
        return;
    }
    cJSON_Delete(file->header);
    free(file->tensors);
    free(file->new_names);
    for (size_t i = 0; i < file->shard_count; i++) {
        rn_tensor_file_close(file->shards[i]);
    }
    free(file->shards);
    rni_file_unmap(&file->bytes);
    free(file->path);
    free(file);
}

const char *rn_tensor_file_path(const RnTensorFile *file)
{
    return file->path;
}

size_t rn_tensor_file_count(const RnTensorFile *file)
{
    return file->count;
}

const RnFileTensor *rn_tensor_file_at(const RnTensorFile *file, size_t i)
{
    return &file->tensors[i];
}

const RnFileTensor *rn_tensor_file_find(const RnTensorFile *file, const char *name)
{
    if (file->count == 0) {
        return NULL;
    }
    RnFileTensor key = {.name = name};
    return bsearch(&key, file->tensors, file->count, sizeof *file->tensors, by_name);
}

const char *rn_tensor_file_meta(const RnTensorFile *file, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(file->meta, key);
    return cJSON_IsString(item) ? item->valuestring : NULL;
}
