// folder.c: folders of pictures as a data set: a folder per class, splits above them or not.
#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
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

static void count_skipped(RnFolderRest *rest, const char *name)
{
    const char *dot = strrchr(name, '.');
    RnSkippedKind kind = {.count = 1};
    if (dot != NULL && dot != name && strlen(dot) < sizeof kind.ending) {
        memcpy(kind.ending, dot, strlen(dot) + 1);
    }
    uint32_t i = 0;
    while (i < rest->kinds && strcasecmp(rest->skipped[i].ending, kind.ending) != 0) {
        i++;
    }
    if (i < rest->kinds) {
        rest->skipped[i].count++;
    } else if (rest->kinds < RN_SKIPPED_KINDS) {
        rest->skipped[rest->kinds++] = kind;
    } else {
        rest->skipped[RN_SKIPPED_KINDS - 1].ending[0] = 0;
        rest->skipped[RN_SKIPPED_KINDS - 1].count++;
    }
}

// Adds the paths of a folder's folders, or of its pictures (at any depth), in no order.
static RnStatus list(const char *folder, bool pictures, int depth, Texts *out, RnFolderRest *rest,
                     RnError *err)
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
                         ? list(path, true, depth + 1, out, rest, err)
                         : rn_fail(err, RN_ERR_INPUT, "%s: folders nested more than %d deep", path,
                                   MAX_DEPTH);
        } else if (is_picture_name(e->d_name)) {
            status = texts_add(out, path, err);
        } else if (rest != NULL) {
            count_skipped(rest, e->d_name);
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
    bool some = list(path, false, 0, &folders, NULL, NULL) == RN_OK && folders.count > 0;
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
                            RnFolderRest *rest, RnError *err)
{
    Texts folders = {0};
    RnStatus status = list(root, false, 0, &folders, NULL, err);
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
            status = list(folder, true, 0, paths, rest, err);
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

// What a data set of pictures reads from.
typedef struct Folder {
    Texts paths; // one for each picture
    RnFolderOptions options;
    atomic_flag flag;
    atomic_flag *told; // &flag: that there is an orientation was said
} Folder;

static RnStatus read_picture(const void *context, uint32_t index, uint32_t channels, RnPicture *out,
                             RnError *err)
{
    const Folder *f = context;
    const char *path = f->paths.at[index];
    uint32_t orientation = 1;
    RnStatus status =
        rn_picture_read_exif(path, channels, f->options.apply_exif, &orientation, out, err);
    if (orientation != 1 && f->options.on_orientation != NULL &&
        !atomic_flag_test_and_set(f->told)) {
        f->options.on_orientation(f->options.context, path);
    }
    return status;
}

static void close_folder(void *context)
{
    Folder *f = context;
    texts_free(&f->paths);
    free(f);
}

// A data set of these pictures, which it takes over.
static RnStatus make_set(Texts *paths, const Labels *labels, const Texts *classes,
                         const RnFolderOptions *options, RnDataset **out, RnError *err)
{
    Folder *kept = calloc(1, sizeof *kept);
    const char **names = malloc(((size_t)classes->count + 1) * sizeof *names);
    RnStatus status = RN_ERR_MEMORY;
    if (kept == NULL || names == NULL) {
        rn_fail(err, RN_ERR_MEMORY, "out of memory for a data set");
        free(kept);
    } else {
        kept->paths = *paths;
        kept->options = options != NULL ? *options : (RnFolderOptions){0};
        kept->options.rest = NULL;
        atomic_flag_clear(&kept->flag);
        kept->told = &kept->flag;
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

static const char *const TRAIN_NAMES[] = {"train", NULL};
static const char *const TEST_NAMES[] = {"test", NULL};
static const char *const VAL_NAMES[] = {"val", "valid", "validation", NULL};

static const char *const *split_names(RnSplit split)
{
    switch (split) {
    case RN_SPLIT_TRAIN:
        return TRAIN_NAMES;
    case RN_SPLIT_TEST:
        return TEST_NAMES;
    case RN_SPLIT_VAL:
        return VAL_NAMES;
    }
    return TEST_NAMES;
}

// Does folder/name hold folders of its own, as classes are?
static bool holds_folders(const char *folder, const char *name)
{
    char path[PATH_BYTES];
    return join(folder, name, path) && rn_pictures_is_folder(path);
}

// The folder of a split, by its name alone; "" where there is none.
static RnStatus find_split(const char *path, RnSplit split, char name[16], RnError *err)
{
    name[0] = 0;
    for (const char *const *at = split_names(split); *at != NULL; at++) {
        if (!holds_folders(path, *at)) {
            continue;
        }
        if (name[0]) {
            return rn_fail(err, RN_ERR_INPUT, "%s: both %s/ and %s/ hold classes: which is meant?",
                           path, name, *at);
        }
        (void)snprintf(name, 16, "%s", *at);
    }
    return RN_OK;
}

RnStatus rn_pictures_split_folder(const char *path, RnSplit split, char name[16], RnError *err)
{
    char names[3][16]; // by RnSplit
    for (int s = 0; s < 3; s++) {
        RnStatus status = find_split(path, (RnSplit)s, names[s], err);
        if (status != RN_OK) {
            return status;
        }
    }
    bool splits = names[RN_SPLIT_TRAIN][0] || names[RN_SPLIT_TEST][0] || names[RN_SPLIT_VAL][0];
    memcpy(name, names[split], 16);
    if (!splits && split == RN_SPLIT_TRAIN) {
        (void)snprintf(name, 16, ".");
    }
    return RN_OK;
}

// Notes the folders beside the splits.
static RnStatus count_left_out(const char *path, RnFolderRest *rest, RnError *err)
{
    Texts folders = {0};
    RnStatus status = list(path, false, 0, &folders, NULL, err);
    texts_sort(&folders, 0);
    rest->left_out = 0;
    for (uint32_t i = 0; status == RN_OK && i < folders.count; i++) {
        const char *name = base_name(folders.at[i]);
        bool is_split = false;
        for (int s = 0; s < 3; s++) {
            for (const char *const *at = split_names((RnSplit)s); *at != NULL; at++) {
                is_split = is_split || (strcmp(name, *at) == 0 && holds_folders(path, name));
            }
        }
        if (!is_split && rest->left_out++ == 0) {
            (void)snprintf(rest->first_left_out, sizeof rest->first_left_out, "%s", name);
        }
    }
    texts_free(&folders);
    return status;
}

// The class folders of the training pictures, else of this split.
static RnStatus list_classes(const char *path, const char *root, Texts *classes, RnError *err)
{
    char train[16], train_path[PATH_BYTES];
    RnStatus status = rn_pictures_split_folder(path, RN_SPLIT_TRAIN, train, err);
    if (status != RN_OK) {
        return status;
    }
    bool there = train[0] && strcmp(train, ".") != 0 && join(path, train, train_path);
    status = list(there ? train_path : root, false, 0, classes, NULL, err);
    texts_sort(classes, 0);
    return status;
}

// Where a split's class folders are.
static RnStatus split_root(const char *path, RnSplit split, RnFolderRest *rest,
                           char root[PATH_BYTES], RnError *err)
{
    char name[16];
    RnStatus status = rn_pictures_split_folder(path, split, name, err);
    if (status != RN_OK) {
        return status;
    }
    if (!name[0]) {
        const char *const *names = split_names(split);
        return rn_fail(err, RN_ERR_MISSING, "%s: there is no %s/ with class folders", path,
                       names[0]);
    }
    if (strcmp(name, ".") == 0) {
        (void)snprintf(root, PATH_BYTES, "%s", path);
        return RN_OK;
    }
    (void)join(path, name, root);
    return rest != NULL ? count_left_out(path, rest, err) : RN_OK;
}

RnStatus rn_pictures_open_folder(const char *path, RnSplit split, const RnFolderOptions *options,
                                 RnDataset **out, RnError *err)
{
    char root[PATH_BYTES];
    RnFolderRest *rest = options != NULL ? options->rest : NULL;
    *out = NULL;
    RnStatus status = split_root(path, split, rest, root, err);
    if (status != RN_OK) {
        return status;
    }
    Texts classes = {0}, paths = {0};
    Labels labels = {0};
    status = list_classes(path, root, &classes, err);
    if (status == RN_OK) {
        status = add_classes(root, &classes, &paths, &labels, rest, err);
    }
    if (status == RN_OK && labels.count == 0) {
        status = rn_fail(err, RN_ERR_INPUT, "%s: no folders of pictures, one per class", root);
    }
    if (status == RN_OK) {
        status = make_set(&paths, &labels, &classes, options, out, err);
    }
    texts_free(&classes);
    texts_free(&paths);
    free(labels.at);
    return status;
}
