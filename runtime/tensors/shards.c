// shards.c: an index of safetensors files, and these files as one.
#include "tensors/shards.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tensors/json_text.h"

enum { MAX_SHARDS = 4096 };

bool rni_shards_is_index(const unsigned char *bytes, size_t size)
{
    static const char key[] = "\"weight_map\"";
    size_t at = 0, n = sizeof key - 1;
    while (at < size && (bytes[at] == ' ' || bytes[at] == '\n' || bytes[at] == '\r')) {
        at++;
    }
    if (at == size || bytes[at] != '{' || size > TENSOR_FILE_HEADER_MAX) {
        return false;
    }
    for (; at + n <= size; at++) {
        if (memcmp(bytes + at, key, n) == 0) {
            return true;
        }
    }
    return false;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static RnStatus list_files(ShardList *list, const char *path, RnError *err)
{
    size_t n = (size_t)cJSON_GetArraySize(list->map), kept = 0;
    list->files = calloc(n + 1, sizeof *list->files);
    if (list->files == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
    }
    for (const cJSON *item = list->map->child; item != NULL; item = item->next) {
        const char *name = cJSON_IsString(item) ? item->valuestring : "";
        if (*name == 0 || *name == '.' || strchr(name, '/') != NULL) {
            return rn_fail(err, RN_ERR_INPUT, "%s: weight_map names no file beside it for %.80s",
                           path, item->string);
        }
        list->files[list->count++] = name;
    }
    qsort(list->files, list->count, sizeof *list->files, by_text);
    for (size_t i = 0; i < list->count; i++) {
        if (kept == 0 || strcmp(list->files[kept - 1], list->files[i]) != 0) {
            list->files[kept++] = list->files[i];
        }
    }
    list->count = kept;
    return kept > 0 && kept <= MAX_SHARDS
               ? RN_OK
               : rn_fail(err, RN_ERR_INPUT, "%s: weight_map names %zu files: 1 to %d are possible",
                         path, kept, MAX_SHARDS);
}

RnStatus rni_shards_parse(const unsigned char *bytes, size_t size, const char *path, ShardList *out,
                          RnError *err)
{
    *out = (ShardList){0};
    RnStatus status = rni_json_parse((const char *)bytes, size, &out->index);
    if (status == RN_ERR_MEMORY) {
        return rn_fail(err, status, "%s: out of memory", path);
    }
    out->map = cJSON_GetObjectItemCaseSensitive(out->index, "weight_map");
    if (status != RN_OK || !cJSON_IsObject(out->map)) {
        status = rn_fail(err, RN_ERR_INPUT, "%s: not an index of safetensors files: no weight_map",
                         path);
    } else {
        status = list_files(out, path, err);
    }
    if (status != RN_OK) {
        rni_shards_free(out);
    }
    return status;
}

void rni_shards_free(ShardList *list)
{
    cJSON_Delete(list->index);
    free(list->files);
    *list = (ShardList){0};
}

// FOLDER-OF-PATH/NAME, allocated.
static char *beside(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    size_t folder = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    char *out = malloc(folder + strlen(name) + 1);
    if (out != NULL) {
        memcpy(out, path, folder);
        memcpy(out + folder, name, strlen(name) + 1);
    }
    return out;
}

static RnStatus open_shard(RnTensorFile *file, const char *path, const char *name, RnError *err)
{
    char *shard_path = beside(path, name);
    if (shard_path == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
    }
    RnTensorFile *shard = NULL;
    RnStatus status = rni_tensor_file_open_one(shard_path, &shard, err);
    free(shard_path);
    if (status != RN_OK) {
        return status;
    }
    file->shards[file->shard_count++] = shard;
    RnFileTensor *tensors =
        realloc(file->tensors, (file->count + shard->count + 1) * sizeof *tensors);
    if (tensors == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
    }
    file->tensors = tensors;
    for (size_t i = 0; i < shard->count; i++) {
        const RnFileTensor *t = &shard->tensors[i];
        const cJSON *where = cJSON_GetObjectItemCaseSensitive(file->meta, t->name);
        if (!cJSON_IsString(where) || strcmp(where->valuestring, name) != 0) {
            return rn_fail(err, RN_ERR_INPUT, "%s: tensor %.100s of %.100s is not in weight_map",
                           path, t->name, name);
        }
        file->tensors[file->count++] = *t;
    }
    return RN_OK;
}

static RnStatus open_all(RnTensorFile *file, const ShardList *list, RnError *err)
{
    file->shards = calloc(list->count, sizeof(RnTensorFile *));
    if (file->shards == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", file->path);
    }
    file->meta = list->map; // while the shards are compared with it
    RnStatus status = RN_OK;
    for (size_t i = 0; i < list->count && status == RN_OK; i++) {
        status = open_shard(file, file->path, list->files[i], err);
    }
    file->meta = NULL;
    size_t named = (size_t)cJSON_GetArraySize(list->map);
    if (status == RN_OK && (rni_tensor_file_sort(file) != NULL || file->count != named)) {
        status = rn_fail(err, RN_ERR_INPUT, "%s: weight_map names %zu tensors, its files hold %zu",
                         file->path, named, file->count);
    }
    return status;
}

RnStatus rni_shards_open(const unsigned char *bytes, size_t size, const char *path,
                         RnTensorFile **out, RnError *err)
{
    ShardList list;
    RnStatus status = rni_shards_parse(bytes, size, path, &list, err);
    if (status != RN_OK) {
        return status;
    }
    RnTensorFile *file = calloc(1, sizeof *file);
    if (file == NULL || (file->path = strdup(path)) == NULL) {
        status = rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
    } else {
        status = open_all(file, &list, err);
    }
    rni_shards_free(&list);
    if (status != RN_OK) {
        rn_tensor_file_close(file);
        return status;
    }
    *out = file;
    return RN_OK;
}
