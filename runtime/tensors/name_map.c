// name_map.c: rename tables: parsed, matched, applied to a file's tensors.
#include "tensors/name_map.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "files/file_in.h"

enum { STARS_MAX = 8, NAME_MAX_BYTES = 4096, TABLE_MAX_BYTES = 1 << 20 };

typedef struct Rule {
    const char *old_name, *new_name; // with stars
    unsigned line;
    bool used;
} Rule;

struct NameMap {
    char *path, *text; // the rules' names lie in the text
    Rule *rules;
    size_t count;
};

/// What each star of a rule stands for in one name.
typedef struct Captures {
    const char *at[STARS_MAX];
    size_t bytes[STARS_MAX];
} Captures;

// ---- Parsing -----------------------------------------------------------------------------------

static unsigned count_stars(const char *name)
{
    unsigned stars = 0;
    for (; *name; name++) {
        stars += *name == '*';
    }
    return stars;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

// Cuts the next word of a line out of it; NULL: none is left.
static char *next_word(char **line)
{
    char *word = *line;
    while (is_blank(*word)) {
        word++;
    }
    char *end = word;
    while (*end && !is_blank(*end)) {
        end++;
    }
    *line = *end ? end + 1 : end;
    *end = 0;
    return *word ? word : NULL;
}

static RnStatus parse_line(NameMap *map, char *line, unsigned number, RnError *err)
{
    line[strcspn(line, "#")] = 0;
    const char *old_name = next_word(&line), *new_name = next_word(&line);
    if (old_name == NULL) {
        return RN_OK;
    }
    if (new_name == NULL || next_word(&line) != NULL) {
        return rn_fail(err, RN_ERR_INPUT, "%s:%u: a rule is two names: OLD NEW", map->path, number);
    }
    if (strlen(old_name) > NAME_MAX_BYTES || strlen(new_name) > NAME_MAX_BYTES) {
        return rn_fail(err, RN_ERR_INPUT, "%s:%u: a name longer than %d bytes", map->path, number,
                       NAME_MAX_BYTES);
    }
    unsigned stars = count_stars(old_name), others = count_stars(new_name);
    if (stars > STARS_MAX) {
        return rn_fail(err, RN_ERR_INPUT, "%s:%u: at most %d stars are possible", map->path, number,
                       STARS_MAX);
    }
    if (stars != others && strcmp(new_name, "-") != 0) {
        return rn_fail(err, RN_ERR_INPUT, "%s:%u: %.100s has %u stars, %.100s has %u", map->path,
                       number, old_name, stars, new_name, others);
    }
    map->rules[map->count++] = (Rule){old_name, new_name, number, false};
    return RN_OK;
}

static RnStatus parse_lines(NameMap *map, size_t bytes, RnError *err)
{
    if (memchr(map->text, 0, bytes) != NULL) {
        return rn_fail(err, RN_ERR_INPUT, "%s: not a text: it holds a zero byte", map->path);
    }
    size_t lines = 1;
    for (size_t i = 0; i < bytes; i++) {
        lines += map->text[i] == '\n';
    }
    map->rules = calloc(lines, sizeof *map->rules);
    if (map->rules == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", map->path);
    }
    char *line = map->text;
    for (unsigned number = 1; line != NULL; number++) {
        char *end = strchr(line, '\n');
        if (end != NULL) {
            *end = 0;
        }
        RnStatus status = parse_line(map, line, number, err);
        if (status != RN_OK) {
            return status;
        }
        line = end ? end + 1 : NULL;
    }
    if (map->count == 0) {
        return rn_fail(err, RN_ERR_INPUT, "%s: holds no rule", map->path);
    }
    return RN_OK;
}

RnStatus rni_name_map_parse(const void *text, size_t bytes, const char *path, NameMap **out,
                            RnError *err)
{
    *out = NULL;
    if (bytes > TABLE_MAX_BYTES) {
        return rn_fail(err, RN_ERR_INPUT, "%s: more than %d bytes: not a rename table", path,
                       TABLE_MAX_BYTES);
    }
    NameMap *map = calloc(1, sizeof *map);
    if (map == NULL || (map->path = strdup(path)) == NULL ||
        (map->text = calloc(bytes + 1, 1)) == NULL) {
        rni_name_map_free(map);
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
    }
    if (bytes > 0) {
        memcpy(map->text, text, bytes);
    }
    RnStatus status = parse_lines(map, bytes, err);
    if (status == RN_OK) {
        *out = map;
    } else {
        rni_name_map_free(map);
    }
    return status;
}

RnStatus rni_name_map_open(const char *path, NameMap **out, RnError *err)
{
    *out = NULL;
    FileBytes file;
    RnStatus status = rni_file_read_all(path, &file, err);
    if (status != RN_OK) {
        return status;
    }
    status = rni_name_map_parse(file.data, file.size, path, out, err);
    free(file.data);
    return status;
}

void rni_name_map_free(NameMap *map)
{
    if (map == NULL) {
        return;
    }
    free(map->rules);
    free(map->text);
    free(map->path);
    free(map);
}

// ---- Matching ----------------------------------------------------------------------------------

// The first place of a piece of text, or NULL.
static const char *find_piece(const char *text, const char *piece, size_t bytes)
{
    for (size_t left = strlen(text); left >= bytes; left--, text++) {
        if (memcmp(text, piece, bytes) == 0) {
            return text;
        }
    }
    return NULL;
}

// Does the pattern fit the whole name? Taking the first place of each piece misses no fit: what
// follows it can only have more room.
static bool match_name(const char *pattern, const char *name, Captures *c)
{
    size_t piece = strcspn(pattern, "*");
    if (strncmp(pattern, name, piece) != 0) {
        return false;
    }
    name += piece;
    pattern += piece;
    for (unsigned star = 0; *pattern == '*'; star++) {
        pattern++;
        piece = strcspn(pattern, "*");
        const char *place = find_piece(name, pattern, piece);
        if (place != NULL && pattern[piece] == 0) { // the last piece ends the name
            place = name + strlen(name) - piece;
        }
        if (place == NULL || memcmp(place, pattern, piece) != 0) {
            return false;
        }
        c->at[star] = name;
        c->bytes[star] = (size_t)(place - name);
        name = place + piece;
        pattern += piece;
    }
    return *name == 0;
}

static Rule *find_rule(const NameMap *map, const char *name, Captures *c)
{
    for (size_t i = 0; i < map->count; i++) {
        if (match_name(map->rules[i].old_name, name, c)) {
            return &map->rules[i];
        }
    }
    return NULL;
}

// Bytes of the new name, with its zero; written to `to` unless that is NULL.
static size_t write_name(const Rule *rule, const Captures *c, char *to)
{
    size_t bytes = 0;
    unsigned star = 0;
    for (const char *p = rule->new_name; *p; p++) {
        size_t n = *p == '*' ? c->bytes[star] : 1;
        const char *from = *p == '*' ? c->at[star++] : p;
        if (to != NULL) {
            memcpy(to + bytes, from, n);
        }
        bytes += n;
    }
    if (to != NULL) {
        to[bytes] = 0;
    }
    return bytes + 1;
}

// ---- Applying ----------------------------------------------------------------------------------

static bool leaves_out(const Rule *rule)
{
    return strcmp(rule->new_name, "-") == 0;
}

static RnStatus check_used(const NameMap *map, const RnTensorFile *file, RnError *err)
{
    for (size_t i = 0; i < map->count; i++) {
        if (!map->rules[i].used) {
            return rn_fail(err, RN_ERR_INPUT,
                           "%s:%u: no tensor of %.200s is left for the rule of %.100s", map->path,
                           map->rules[i].line, file->path, map->rules[i].old_name);
        }
    }
    return RN_OK;
}

// Marks the rules that are used; gives the bytes of all new names.
static size_t use_rules(NameMap *map, const RnTensorFile *file)
{
    size_t bytes = 0;
    for (size_t i = 0; i < file->count; i++) {
        Captures c = {0};
        Rule *rule = find_rule(map, file->tensors[i].name, &c);
        if (rule == NULL) {
            continue;
        }
        rule->used = true;
        bytes += leaves_out(rule) ? 0 : write_name(rule, &c, NULL);
    }
    return bytes;
}

static void rename_tensors(const NameMap *map, RnTensorFile *file)
{
    char *next = file->new_names;
    size_t kept = 0;
    for (size_t i = 0; i < file->count; i++) {
        RnFileTensor t = file->tensors[i];
        Captures c = {0};
        const Rule *rule = find_rule(map, t.name, &c);
        if (rule != NULL && leaves_out(rule)) {
            continue;
        }
        if (rule != NULL) {
            size_t bytes = write_name(rule, &c, next);
            t.file_name = t.name;
            t.name = next;
            next += bytes;
        }
        file->tensors[kept++] = t;
    }
    file->count = kept;
}

RnStatus rni_name_map_apply(NameMap *map, RnTensorFile *file, RnError *err)
{
    size_t bytes = use_rules(map, file);
    RnStatus status = check_used(map, file, err);
    if (status != RN_OK) {
        return status;
    }
    file->new_names = malloc(bytes + 1);
    if (file->new_names == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", file->path);
    }
    rename_tensors(map, file);
    const RnFileTensor *twice = rni_tensor_file_sort(file);
    if (twice != NULL) {
        const RnFileTensor *other = twice - 1;
        return rn_fail(err, RN_ERR_INPUT, "%s: %.150s and %.150s of the file both become %.150s",
                       map->path, other->file_name ? other->file_name : other->name,
                       twice->file_name ? twice->file_name : twice->name, twice->name);
    }
    return RN_OK;
}
