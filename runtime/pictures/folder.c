// folder.c: folders of pictures as a data set: a folder per class, train/ and val/ or test/ above
// them or not.
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "resnetc/pictures.h"

enum { MAX_DEPTH = 16, PATH_BYTES = 4096 };

// Texts that grow; they own their memory.
typedef struct Texts {
    char **at;
    uint32_t count, room;
} Texts;

static void texts_free(Texts *t)
{
    for (uint32_t i = 0; i < t->count; i++) {
        free(t->at[i]);
    }
    free(t->at);
    *t = (Texts){0};
}

static RnStatus texts_add(Texts *t, const char *text, RnError *err)
{
    if (t->count == t->room) {
        uint32_t room = t->room ? 2 * t->room : 64;
        char **at = room > t->room ? realloc(t->at, room * sizeof *at) : NULL;
        if (at == NULL) {
            return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", text);
        }
        t->at = at;
        t->room = room;
    }
    t->at[t->count] = strdup(text);
    if (t->at[t->count] == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", text);
    }
    t->count++;
    return RN_OK;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void texts_sort(Texts *t, uint32_t from)
{
    if (t->count > from) {
        qsort(t->at + from, t->count - from, sizeof *t->at, compare);
    }
}

static bool is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static bool is_picture_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && (strcasecmp(dot, ".jpg") == 0 || strcasecmp(dot, ".jpeg") == 0 ||
                           strcasecmp(dot, ".png") == 0);
}

// FOLDER/NAME; false when it is too long.
static bool join(const char *folder, const char *name, char path[PATH_BYTES])
{
    int n = snprintf(path, PATH_BYTES, "%s/%s", folder, name);
    return n > 0 && n < PATH_BYTES;
}

static bool has_folder(const char *folder, const char *name)
{
    char path[PATH_BYTES];
    return join(folder, name, path) && is_folder(path);
}

// Adds the paths of a folder's folders, or of its pictures (at any depth), in no order.
static RnStatus list(const char *folder, bool pictures, int depth, Texts *out, RnError *err)
{
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        return rn_fail(err, RN_ERR_IO, "%s: %s", folder, strerror(errno));
    }
    RnStatus status = RN_OK;
    const struct dirent *e;
    while (status == RN_OK && (e = readdir(dir)) != NULL) {
        char path[PATH_BYTES];
        if (e->d_name[0] == '.') {
            continue;
        }
        if (!join(folder, e->d_name, path)) {
            status = rn_fail(err, RN_ERR_INPUT, "%s/%s: the path is too long", folder, e->d_name);
        } else if (!pictures) {
            status = is_folder(path) ? texts_add(out, path, err) : RN_OK;
        } else if (is_folder(path)) {
            status = depth < MAX_DEPTH
                         ? list(path, true, depth + 1, out, err)
                         : rn_fail(err, RN_ERR_INPUT, "%s: folders nested more than %d deep", path,
                                   MAX_DEPTH);
        } else if (is_picture_name(e->d_name)) {
            status = texts_add(out, path, err);
        }
    }
    closedir(dir);
    return status;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

bool rn_pictures_is_folder(const char *path)
{
    Texts folders = {0};
    bool some = list(path, false, 0, &folders, NULL) == RN_OK && folders.count > 0;
    texts_free(&folders);
    return some;
}

// The class folder's index among the names, or -1.
static int64_t find_class(const Texts *classes, const char *name)
{
    for (uint32_t i = 0; i < classes->count; i++) {
        if (strcmp(base_name(classes->at[i]), name) == 0) {
            return i;
        }
    }
    return -1;
}

typedef struct Labels {
    uint32_t *at;
    uint32_t count;
} Labels;

static RnStatus label_rest(Labels *l, uint32_t count, uint32_t label, RnError *err)
{
    uint32_t *at = realloc(l->at, ((size_t)count + 1) * sizeof *at);
    if (at == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "out of memory for labels");
    }
    l->at = at;
    while (l->count < count) {
        l->at[l->count++] = label;
    }
    return RN_OK;
}

// Adds the pictures of every folder of `root`, whose names must be among the classes.
static RnStatus add_classes(const char *root, const Texts *classes, Texts *paths, Labels *labels,
                            RnError *err)
{
    Texts folders = {0};
    RnStatus status = list(root, false, 0, &folders, err);
    texts_sort(&folders, 0);
    for (uint32_t i = 0; status == RN_OK && i < folders.count; i++) {
        const char *folder = folders.at[i];
        int64_t label = find_class(classes, base_name(folder));
        uint32_t before = paths->count;
        if (label < 0) {
            status =
                rn_fail(err, RN_ERR_INPUT, "%s: the training pictures have no such class", folder);
        }
        if (status == RN_OK) {
            status = list(folder, true, 0, paths, err);
        }
        texts_sort(paths, before);
        if (status == RN_OK && paths->count == before) {
            status = rn_fail(err, RN_ERR_INPUT, "%s: no pictures (.jpg, .jpeg, .png)", folder);
        }
        if (status == RN_OK) {
            status = label_rest(labels, paths->count, (uint32_t)label, err);
        }
    }
    texts_free(&folders);
    return status;
}

static RnStatus read_picture(const void *context, uint32_t index, uint32_t channels, RnPicture *out,
                             RnError *err)
{
    const Texts *paths = context; // one for each picture
    return rn_picture_read(paths->at[index], channels, out, err);
}

static void close_folder(void *context)
{
    texts_free(context);
    free(context);
}

// A data set of these pictures, which it takes over.
static RnStatus make_set(Texts *paths, const Labels *labels, const Texts *classes, RnDataset **out,
                         RnError *err)
{
    Texts *kept = malloc(sizeof *kept);
    const char **names = malloc(((size_t)classes->count + 1) * sizeof *names);
    RnStatus status = RN_ERR_MEMORY;
    if (kept == NULL || names == NULL) {
        rn_fail(err, RN_ERR_MEMORY, "out of memory for a data set");
        free(kept);
    } else {
        *kept = *paths;
        *paths = (Texts){0};
        for (uint32_t i = 0; i < classes->count; i++) {
            names[i] = base_name(classes->at[i]);
        }
        RnPictureReader reader = {.context = kept, .read = read_picture, .close = close_folder};
        status = rn_dataset_open_reader(&reader, labels->count, labels->at, classes->count, names,
                                        out, err);
    }
    free(names);
    return status;
}

// The folder that holds a split's class folders; "" where the split is not there.
static void split_root(const char *path, RnSplit split, char root[PATH_BYTES])
{
    bool splits = has_folder(path, "train") || has_folder(path, "val");
    const char *test = has_folder(path, "val") ? "val" : "test";
    const char *name = split == RN_SPLIT_TRAIN ? "train" : test;
    root[0] = 0;
    if (splits && has_folder(path, name)) {
        (void)join(path, name, root);
    } else if (!splits && split == RN_SPLIT_TRAIN) {
        (void)snprintf(root, PATH_BYTES, "%s", path);
    }
}

RnStatus rn_pictures_open_folder(const char *path, RnSplit split, RnDataset **out, RnError *err)
{
    char root[PATH_BYTES], train[PATH_BYTES];
    *out = NULL;
    split_root(path, split, root);
    split_root(path, RN_SPLIT_TRAIN, train);
    if (!root[0]) {
        return rn_fail(err, RN_ERR_MISSING, "%s: there is no %s", path,
                       split == RN_SPLIT_TRAIN ? "train/" : "val/ or test/");
    }
    Texts classes = {0}, paths = {0};
    Labels labels = {0};
    RnStatus status = list(train[0] ? train : root, false, 0, &classes, err);
    texts_sort(&classes, 0);
    if (status == RN_OK) {
        status = add_classes(root, &classes, &paths, &labels, err);
    }
    if (status == RN_OK && labels.count == 0) {
        status = rn_fail(err, RN_ERR_INPUT, "%s: no folders of pictures, one per class", root);
    }
    if (status == RN_OK) {
        status = make_set(&paths, &labels, &classes, out, err);
    }
    texts_free(&classes);
    texts_free(&paths);
    free(labels.at);
    return status;
}
