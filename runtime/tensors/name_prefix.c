// name_prefix.c: which beginning of a file's names makes the rest the model's.
#include "tensors/name_prefix.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CANDIDATES = 256, SHOWN_NAMES = 5 };

// A beginning of names; it points into one of them.
typedef struct Candidate {
    const char *text;
    size_t length;
    uint32_t found; // names of the model behind it
} Candidate;

typedef struct Search {
    const RnModel *model;
    const RnTensorFile *file;
    const char **names; // of the model, sorted
    uint32_t count;
    Candidate *candidates;
    size_t candidate_count;
} Search;

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t layer_length(const char *name)
{
    const char *point = strrchr(name, '.');
    return point != NULL ? (size_t)(point - name) : 0;
}

bool rni_is_head(const RnModel *m, int32_t index)
{
    const char *name = rn_model_tensor_name(m, index);
    uint32_t classes = rn_model_classes(m);
    size_t layer = layer_length(name);
    bool wide = false;
    for (uint32_t i = 0; i < m->param_count + m->state_count; i++) {
        const char *other = rn_model_tensor_name(m, (int32_t)i);
        if (layer_length(other) != layer || strncmp(other, name, layer) != 0) {
            continue;
        }
        const RnTensor *t = rn_model_tensor(m, (int32_t)i);
        if (classes == 0 || t->rank == 0 || t->dim[0] != classes) {
            return false;
        }
        wide = wide || t->rank > 1;
    }
    return wide;
}

static void count_candidate(Search *s, const char *text, size_t length)
{
    for (size_t i = 0; i < s->candidate_count; i++) {
        Candidate *c = &s->candidates[i];
        if (c->length == length && strncmp(c->text, text, length) == 0) {
            c->found++;
            return;
        }
    }
    if (s->candidate_count < MAX_CANDIDATES) {
        s->candidates[s->candidate_count++] = (Candidate){text, length, 1};
    }
}

static bool is_name(const Search *s, const char *name)
{
    return bsearch(&name, s->names, s->count, sizeof *s->names, by_text) != NULL;
}

// Counts, for each beginning, how many names of the model stand behind it. The names of a file
// differ, so no name is counted twice.
static void count_candidates(Search *s)
{
    for (size_t i = 0; i < s->file->count; i++) {
        const char *name = s->file->tensors[i].name;
        for (const char *rest = name; rest != NULL;
             rest = strchr(rest, '.'), rest += rest != NULL) {
            if (is_name(s, rest)) {
                count_candidate(s, name, (size_t)(rest - name));
            }
        }
    }
}

static bool search_start(Search *s, const RnModel *m, const RnTensorFile *file)
{
    *s = (Search){.model = m, .file = file, .count = m->param_count + m->state_count};
    s->names = calloc(s->count + 1u, sizeof *s->names);
    s->candidates = calloc(MAX_CANDIDATES, sizeof *s->candidates);
    if (s->names == NULL || s->candidates == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < s->count; i++) {
        s->names[i] = rn_model_tensor_name(m, (int32_t)i);
    }
    qsort(s->names, s->count, sizeof *s->names, by_text);
    count_candidates(s);
    return true;
}

static void search_end(Search *s)
{
    free(s->names);
    free(s->candidates);
}

static bool begins_with(const char *name, const char *text, size_t length)
{
    return strncmp(name, text, length) == 0;
}

// Is PREFIX + NAME in the file?
static bool file_has(const RnTensorFile *file, const Candidate *c, const char *name)
{
    char whole[1024];
    int n = snprintf(whole, sizeof whole, "%.*s%s", (int)c->length, c->text, name);
    return n > 0 && (size_t)n < sizeof whole && rn_tensor_file_find(file, whole) != NULL;
}

// Does the file have all names behind this beginning, but for a head that may be absent?
static bool fits(const Search *s, const Candidate *c, bool new_head)
{
    if (c->found == s->count || !new_head) {
        return c->found == s->count;
    }
    for (uint32_t i = 0; i < s->count; i++) {
        if (!file_has(s->file, c, rn_model_tensor_name(s->model, (int32_t)i)) &&
            !rni_is_head(s->model, (int32_t)i)) {
            return false;
        }
    }
    return true;
}

// Keeps the tensors whose names begin so, without it. The order stays.
static size_t strip(RnTensorFile *file, const char *prefix, size_t length)
{
    size_t kept = 0, all = file->count;
    for (size_t i = 0; i < all; i++) {
        RnFileTensor t = file->tensors[i];
        if (begins_with(t.name, prefix, length)) {
            t.file_name = t.file_name != NULL ? t.file_name : t.name;
            t.name += length;
            file->tensors[kept++] = t;
        }
    }
    file->count = kept;
    return all - kept;
}

// "." : the model's names alone, as they stand.
static void keep_own_names(const Search *s, RnTensorFile *file, PrefixChoice *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < file->count; i++) {
        if (is_name(s, file->tensors[i].name)) {
            file->tensors[kept++] = file->tensors[i];
        }
    }
    out->passed_over += file->count - kept;
    file->count = kept;
}

static void add_prefix(PrefixChoice *out, const char *text, size_t length)
{
    size_t used = strlen(out->prefix);
    (void)snprintf(out->prefix + used, sizeof out->prefix - used, "%.*s", (int)length, text);
}

// "model.", as one types it behind --key: without the point, "." for nothing.
static RnStatus fail_two(const RnTensorFile *file, const Candidate *a, const Candidate *b,
                         RnError *err)
{
    int la = a->length ? (int)a->length - 1 : 1, lb = b->length ? (int)b->length - 1 : 1;
    return rn_fail(err, RN_ERR_INPUT,
                   "%s: two sets of its tensors have the model's names; --key %.*s or --key %.*s "
                   "chooses",
                   rn_tensor_file_path(file), la, a->length ? a->text : ".", lb,
                   b->length ? b->text : ".");
}

static RnStatus choose(const Search *s, RnTensorFile *file, bool new_head, PrefixChoice *out,
                       RnError *err)
{
    const Candidate *chosen = NULL;
    for (size_t i = 0; i < s->candidate_count; i++) {
        const Candidate *c = &s->candidates[i];
        if (!fits(s, c, new_head)) {
            continue;
        }
        if (chosen != NULL) {
            return fail_two(file, chosen, c, err);
        }
        chosen = c;
    }
    if (chosen != NULL && chosen->length > 0) {
        add_prefix(out, chosen->text, chosen->length);
        out->passed_over += strip(file, chosen->text, chosen->length);
    }
    return RN_OK;
}

// Leaves what begins with "KEY.".
static RnStatus apply_key(RnTensorFile *file, const char *key, PrefixChoice *out, RnError *err)
{
    size_t n = strlen(key);
    bool point = n > 0 && key[n - 1] == '.';
    char prefix[200];
    int length = snprintf(prefix, sizeof prefix, "%s%s", key, point ? "" : ".");
    if (length < 0 || (size_t)length >= sizeof prefix) {
        return rn_fail(err, RN_ERR_USAGE, "the key is too long");
    }
    size_t before = file->count;
    out->passed_over = strip(file, prefix, (size_t)length);
    add_prefix(out, prefix, (size_t)length);
    return out->passed_over < before
               ? RN_OK
               : rn_fail(err, RN_ERR_INPUT, "%s: no tensor's name begins with '%s'",
                         rn_tensor_file_path(file), prefix);
}

RnStatus rni_name_prefix_apply(const RnModel *m, RnTensorFile *file, const char *key, bool new_head,
                               PrefixChoice *out, RnError *err)
{
    *out = (PrefixChoice){0};
    bool as_they_are = key != NULL && strcmp(key, ".") == 0;
    RnStatus status = key != NULL && !as_they_are ? apply_key(file, key, out, err) : RN_OK;
    if (status != RN_OK) {
        return status;
    }
    Search s;
    if (!search_start(&s, m, file)) {
        status = rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", rn_tensor_file_path(file));
    } else if (as_they_are) {
        keep_own_names(&s, file, out);
    } else {
        status = choose(&s, file, new_head, out, err);
    }
    search_end(&s);
    return status;
}

// A text that grows in memory of fixed size.
typedef struct Text {
    char *at;
    size_t room, used;
} Text;

static void add(Text *t, const char *fmt, ...) RN_PRINTF(2, 3);
static void add(Text *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(t->at + t->used, t->room - t->used, fmt, args);
    va_end(args);
    if (n > 0) {
        t->used += (size_t)n < t->room - t->used ? (size_t)n : t->room - t->used - 1;
    }
}

// The candidate that fits most, if it fits more than names as they stand do.
static const Candidate *nearest(const Search *s)
{
    const Candidate *best = NULL;
    for (size_t i = 0; i < s->candidate_count; i++) {
        const Candidate *c = &s->candidates[i];
        best = best == NULL || c->found > best->found ? c : best;
    }
    return best != NULL && best->length > 0 ? best : NULL;
}

static void explain(const Search *s, Text *t)
{
    add(t, "\n  the model has %u tensors:", s->count);
    for (uint32_t i = 0; i < s->count && i < SHOWN_NAMES; i++) {
        add(t, "%s %.40s", i ? "," : "", rn_model_tensor_name(s->model, (int32_t)i));
    }
    add(t, "%s\n  the file has %zu:", s->count > SHOWN_NAMES ? ", ..." : "", s->file->count);
    for (size_t i = 0; i < s->file->count && i < SHOWN_NAMES; i++) {
        add(t, "%s %.40s", i ? "," : "", s->file->tensors[i].name);
    }
    add(t, "%s", s->file->count > SHOWN_NAMES ? ", ..." : "");
    const Candidate *c = nearest(s);
    for (uint32_t i = 0; c != NULL && i < s->count; i++) {
        const char *name = rn_model_tensor_name(s->model, (int32_t)i);
        if (!file_has(s->file, c, name)) {
            add(t,
                "\n  behind '%.*s' the file has %u of them; the first that is not there is %.60s",
                (int)c->length, c->text, c->found, name);
            return;
        }
    }
}

void rni_name_prefix_explain(const RnModel *m, const RnTensorFile *file, char *text, size_t bytes)
{
    Search s;
    text[0] = 0;
    if (search_start(&s, m, file)) {
        uint32_t as_they_are = 0;
        for (size_t i = 0; i < s.candidate_count; i++) {
            as_they_are += s.candidates[i].length == 0 ? s.candidates[i].found : 0;
        }
        if (2 * as_they_are < s.count) {
            explain(&s, &(Text){.at = text, .room = bytes});
        }
    }
    search_end(&s);
}
