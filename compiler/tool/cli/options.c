// options.c: parses the command line by the tables of option_table.c and prints the help from them.
// Not here: the options themselves (option_table.c), the commands (cmd_NAME.c).
#include "tool/cli/options.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "tool/cli/recipe.h"

typedef struct Parser {
    Arena *arena;
    int argc, next;
    char **argv;
    Options *out;
    const char **error;
    VEC(const OptionDef *) given; // on the command line
} Parser;

static bool fail(const Parser *p, const char *text)
{
    *p->error = text;
    return false;
}

static const char *command_prefix(const Parser *p)
{
    const CommandDef *c = p->out->command;
    return c == &command_table[0] ? "" : arena_printf(p->arena, "%s: ", c->name);
}

static const CommandDef *find_command(const char *word)
{
    for (size_t i = 0; i < command_table_count; i++) {
        if (strcmp(command_table[i].name, word) == 0) {
            return &command_table[i];
        }
    }
    return NULL;
}

const char *option_spelling(Arena *a, const OptionDef *o)
{
    if (!o->name) {
        return arena_printf(a, "-%c", o->letter);
    }
    return arena_printf(a, "%s%s", o->one_dash ? "-" : "--", o->name);
}

static const OptionDef *find_name(const char *name, size_t length, bool one_dash)
{
    for (size_t i = 0; i < option_table_count; i++) {
        const char *known = option_table[i].name;
        if (known && option_table[i].one_dash == one_dash && strlen(known) == length &&
            memcmp(known, name, length) == 0) {
            return &option_table[i];
        }
    }
    return NULL;
}

static const OptionDef *find_letter(char letter)
{
    for (size_t i = 0; i < option_table_count; i++) {
        if (option_table[i].letter == letter) {
            return &option_table[i];
        }
    }
    return NULL;
}

// The option that a word names; *rest is what follows its name: "=value", "value" or "".
static const OptionDef *find_option(const char *word, const char **rest)
{
    bool one_dash = word[1] != '-';
    const char *name = word + (one_dash ? 1 : 2);
    const OptionDef *o = find_name(name, strcspn(name, "="), one_dash);
    *rest = name + strcspn(name, "=");
    if (o || !one_dash) {
        return o;
    }
    *rest = name + 1;
    return find_letter(*name);
}

static bool unknown_option(const Parser *p, const char *word)
{
    const char *names[128];
    size_t count = 0;
    for (size_t i = 0; i < option_table_count && count < 128; i++) {
        if (option_table[i].name && !option_table[i].one_dash &&
            (option_table[i].commands & p->out->command->bit)) {
            names[count++] = option_table[i].name;
        }
    }
    const char *bare = word + strspn(word, "-");
    const char *name = arena_strndup(p->arena, bare, strcspn(bare, "="));
    const char *near = nearest_name(name, names, count);
    const char *tail =
        near ? arena_printf(p->arena, "; did you mean --%s?", near)
             : arena_printf(p->arena, "; see resnetc %s--help",
                            p->out->command == &command_table[0]
                                ? ""
                                : arena_printf(p->arena, "%s ", p->out->command->name));
    return fail(p, arena_printf(p->arena, "%sunknown option %s%s", command_prefix(p),
                                arena_strndup(p->arena, word, strcspn(word, "=")), tail));
}

static bool misplaced_option(const Parser *p, const OptionDef *o)
{
    StrBuf text = {.arena = p->arena};
    strbuf_printf(&text, "%s%s is an option of", command_prefix(p), option_spelling(p->arena, o));
    const char *sep = " ";
    for (size_t i = 0; i < command_table_count; i++) {
        if (!(command_table[i].bit & o->commands)) {
            continue;
        }
        strbuf_printf(&text, "%s%s", sep, command_table[i].name);
        sep = ", ";
    }
    strbuf_printf(&text, ", not of %s", p->out->command->name);
    return fail(p, strbuf_text(&text));
}

static void *field(Options *o, size_t offset)
{
    return (char *)o + offset;
}

static bool parse_int(const Parser *p, const OptionDef *o, const char *value)
{
    char *end;
    errno = 0;
    long long x = strtoll(value, &end, 10);
    if (end == value || *end || errno) {
        return fail(p, arena_printf(p->arena, "%s: '%s' is not a whole number",
                                    option_spelling(p->arena, o), value));
    }
    if (o->min < o->max && ((double)x < o->min || (double)x > o->max)) {
        return fail(p, arena_printf(p->arena, "%s: %lld is not within %.0f..%.0f",
                                    option_spelling(p->arena, o), x, o->min, o->max));
    }
    *(int64_t *)field(p->out, o->offset) = x;
    return true;
}

static bool parse_number(const Parser *p, const OptionDef *o, const char *value)
{
    char *end;
    double x = strtod(value, &end);
    if (end == value || *end || !isfinite(x)) {
        return fail(p, arena_printf(p->arena, "%s: '%s' is not a number",
                                    option_spelling(p->arena, o), value));
    }
    if (o->min < o->max && (x < o->min || x > o->max)) {
        return fail(p, arena_printf(p->arena, "%s: %s is not within %g..%g",
                                    option_spelling(p->arena, o), value, o->min, o->max));
    }
    *(double *)field(p->out, o->offset) = x;
    return true;
}

static bool parse_choice(const Parser *p, const OptionDef *o, const char *value)
{
    size_t length = strlen(value);
    int32_t index = 0;
    for (const char *at = o->value; at; index++) {
        size_t n = strcspn(at, "|");
        if (n == length && memcmp(at, value, n) == 0) {
            *(int32_t *)field(p->out, o->offset) = index;
            return true;
        }
        at = at[n] ? at + n + 1 : NULL;
    }
    return fail(p, arena_printf(p->arena, "%s: '%s' is none of %s", option_spelling(p->arena, o),
                                value, o->value));
}

static bool parse_name(const Parser *p, const OptionDef *o, const char *value)
{
    StrBuf all = {.arena = p->arena};
    for (size_t i = 0; o->nth(i).name; i++) {
        const char *name = o->nth(i).name;
        if (strcmp(name, value) == 0) {
            *(const char **)field(p->out, o->offset) = name;
            return true;
        }
        strbuf_printf(&all, "%s%s", i ? "|" : "", name);
    }
    return fail(p, arena_printf(p->arena, "%s: '%s' is none of %s", option_spelling(p->arena, o),
                                value, strbuf_text(&all)));
}

static bool parse_list_item(const Parser *p, const OptionDef *o, const char *value)
{
    const char *equals = strchr(value, '=');
    if (strchr(o->value, '=') ? !equals || equals == value : !*value) {
        return fail(p, arena_printf(p->arena, "%s: '%s' has not the form %s",
                                    option_spelling(p->arena, o), value, o->value));
    }
    TextList *list = field(p->out, o->offset);
    VEC_PUSH(p->arena, list, value);
    return true;
}

static bool set_value(const Parser *p, const OptionDef *o, const char *value)
{
    if (o->given_offset) {
        *(bool *)field(p->out, o->given_offset) = true;
    }
    switch (o->kind) {
    case OPTION_FLAG:
        *(bool *)field(p->out, o->offset) = !value || strcmp(value, "no") != 0;
        return true;
    case OPTION_TEXT:
        if (!*value) {
            return fail(p, arena_printf(p->arena, "%s: empty value", option_spelling(p->arena, o)));
        }
        *(const char **)field(p->out, o->offset) = value;
        return true;
    case OPTION_INT:
        return parse_int(p, o, value);
    case OPTION_NUMBER:
        return parse_number(p, o, value);
    case OPTION_CHOICE:
        return parse_choice(p, o, value);
    case OPTION_NAME:
        return parse_name(p, o, value);
    case OPTION_LIST:
        return parse_list_item(p, o, value);
    }
    return false;
}

// Takes the option at argv[next], with its value from the same word or from the following one.
static bool take_option(Parser *p, const char *word)
{
    const char *rest;
    const OptionDef *o = find_option(word, &rest);
    if (!o) {
        return unknown_option(p, word);
    }
    if (!(o->commands & p->out->command->bit)) {
        return misplaced_option(p, o);
    }
    VEC_PUSH(p->arena, &p->given, o);
    if (o->kind == OPTION_FLAG) {
        if (o->name && (strcmp(rest, "=yes") == 0 || strcmp(rest, "=no") == 0)) {
            return set_value(p, o, rest + 1);
        }
        if (*rest) {
            return o->name && *rest == '=' ? fail(p, arena_printf(p->arena, "%s takes no value",
                                                                  option_spelling(p->arena, o)))
                                           : unknown_option(p, word);
        }
        return set_value(p, o, NULL);
    }
    const char *value = *rest == '=' ? rest + 1 : rest;
    if (!*rest) {
        if (p->next >= p->argc) {
            return fail(p, arena_printf(p->arena, "%s needs a value: %s",
                                        option_spelling(p->arena, o), o->value));
        }
        value = p->argv[p->next++];
    }
    return set_value(p, o, value);
}

// Of two words without a command the first may be a command mistyped.
static const char *nearest_command(const char *word)
{
    const char *names[16];
    size_t count = 0;
    for (size_t i = 0; i < command_table_count && count < 16; i++) {
        names[count++] = command_table[i].name;
    }
    return nearest_name(word, names, count);
}

static bool take_model(const Parser *p, const char *word)
{
    const char *near = p->out->model && p->out->command == &command_table[0]
                           ? nearest_command(p->out->model)
                           : NULL;
    if (near) {
        return fail(
            p, arena_printf(p->arena, "no command '%s'; did you mean %s?", p->out->model, near));
    }
    if (p->out->model && p->out->command->bit == CMD_PREDICT) {
        VEC_PUSH(p->arena, &p->out->pictures, word);
        return true;
    }
    if (p->out->model) {
        return fail(p, arena_printf(p->arena, "%stwo models given: %s and %s", command_prefix(p),
                                    p->out->model, word));
    }
    p->out->model = word;
    return true;
}

void options_set_defaults(Options *o)
{
    for (size_t i = 0; i < option_table_count; i++) {
        const OptionDef *d = &option_table[i];
        if (d->kind == OPTION_INT) {
            *(int64_t *)field(o, d->offset) = (int64_t)d->fallback;
        }
        if (d->kind == OPTION_NUMBER) {
            *(double *)field(o, d->offset) = d->fallback;
        }
        if (d->kind == OPTION_CHOICE) {
            *(int32_t *)field(o, d->offset) = (int32_t)d->fallback;
        }
    }
}

// The command is the first word that is a command's name, wherever options stand; `compile`
// without.
static int find_command_word(int argc, char **argv, const CommandDef **command)
{
    *command = &command_table[0];
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        if (strcmp(word, "--") == 0) {
            return 0;
        }
        if (word[0] != '-' || !word[1]) {
            const CommandDef *found = find_command(word);
            if (!found) {
                return 0;
            }
            *command = found;
            return i;
        }
        // Skip the value of an option that takes it from the next word.
        const char *rest;
        const OptionDef *o = find_option(word, &rest);
        if (o && o->kind != OPTION_FLAG && !*rest) {
            i++;
        }
    }
    return 0;
}

static bool take_words(Parser *p, int command_word)
{
    bool only_words = false;
    while (p->next < p->argc) {
        const char *word = p->argv[p->next++];
        if (p->next - 1 == command_word) {
            continue;
        }
        if (!only_words && strcmp(word, "--") == 0) {
            only_words = true;
            continue;
        }
        bool is_option = !only_words && word[0] == '-' && word[1];
        if (!(is_option ? take_option(p, word) : take_model(p, word))) {
            return false;
        }
    }
    return true;
}

// A line of a recipe.
static bool set_by_name(void *parser, const char *name, const char *value, const char **error)
{
    Parser p = *(const Parser *)parser;
    p.error = error;
    const OptionDef *o = find_name(name, strlen(name), false);
    if (!o) {
        return unknown_option(&p, arena_printf(p.arena, "--%s", name));
    }
    if (!(o->commands & p.out->command->bit)) {
        return misplaced_option(&p, o);
    }
    if (o->kind == OPTION_FLAG && value && strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
        return fail(&p, arena_printf(p.arena, "--%s: '%s' is neither yes nor no", name, value));
    }
    if (o->kind != OPTION_FLAG && !value) {
        return fail(&p, arena_printf(p.arena, "--%s needs a value: %s", name, o->value));
    }
    return set_value(&p, o, value);
}

// The command line wins over its recipe, wherever --recipe stands: it is read again on top of it.
static bool take_recipe(Parser *p, int command_word)
{
    Options *o = p->out;
    const char *recipe = o->recipe;
    if (!recipe) {
        return true;
    }
    *o = (Options){.command = o->command, .argc = o->argc, .argv = o->argv};
    options_set_defaults(o);
    if (!recipe_read(p->arena, recipe, set_by_name, p, p->error)) {
        return false;
    }
    int64_t epochs = o->epochs, steps = o->steps; // one of them on the command line replaces both
    int64_t resize = o->resize;
    o->epochs = 0;
    o->steps = 0;
    o->resize = 0;
    p->next = 1;
    if (!take_words(p, command_word)) {
        return false;
    }
    o->recipe_resizes = resize && !o->resize;
    if (o->recipe_resizes) {
        o->resize = resize;
    }
    if (o->epochs || o->steps) {
        return true;
    }
    o->epochs = epochs;
    o->steps = steps;
    return true;
}

// Whether one of "a|b" is the text.
static bool is_among(const char *words, const char *text)
{
    size_t length = strlen(text);
    for (const char *at = words; *at; at += strcspn(at, "|"), at += *at == '|') {
        if (strcspn(at, "|") == length && memcmp(at, text, length) == 0) {
            return true;
        }
    }
    return false;
}

// An option without what it belongs to would be forgotten without a word.
static bool check_partner(const Parser *p, const OptionDef *o)
{
    if (!o->needs) {
        return true;
    }
    size_t length = strcspn(o->needs, "=");
    const OptionDef *partner = find_name(o->needs, length, false);
    const char *values = o->needs[length] ? o->needs + length + 1 : NULL;
    const char *now = options_value_text(p->arena, p->out, partner);
    Options defaults = {0};
    options_set_defaults(&defaults);
    if (values ? is_among(values, now)
               : strcmp(now, options_value_text(p->arena, &defaults, partner)) != 0) {
        return true;
    }
    return fail(p, arena_printf(p->arena, "%s needs --%s %s", option_spelling(p->arena, o),
                                partner->name, values ? values : partner->value));
}

bool options_parse(Arena *a, int argc, char **argv, Options *out, const char **error)
{
    *out = (Options){.argc = argc, .argv = argv};
    *error = NULL;
    Parser p = {.arena = a, .argc = argc, .next = 1, .argv = argv, .out = out, .error = error};
    int command_word = find_command_word(argc, argv, &out->command);
    options_set_defaults(out);
    if (!take_words(&p, command_word) || !take_recipe(&p, command_word)) {
        return false;
    }
    bool question = options_is_question(out);
    if (!out->model && !question) {
        return fail(&p, argc < 2 ? "no model given; see resnetc --help"
                                 : arena_printf(a, "%sno model given: resnetc %s",
                                                command_prefix(&p), out->command->usage));
    }
    for (uint32_t i = 0; !question && i < p.given.count; i++) {
        if (!check_partner(&p, p.given.at[i])) {
            return false;
        }
    }
    return true;
}

bool options_set_recipe(Arena *a, Options *out, const char *name, const char *text,
                        const char **error)
{
    Parser p = {.arena = a, .out = out, .error = error};
    return recipe_read_text(a, name, text, set_by_name, &p, error);
}

bool options_is_question(const Options *o)
{
    return o->help || o->version || o->list_ops || o->list_models || o->list_targets ||
           o->list_passes || o->list_recipes || o->man || o->completion;
}

const char *options_value_text(Arena *a, const Options *o, const OptionDef *def)
{
    const void *at = (const char *)o + def->offset;
    const char *text = def->value;
    StrBuf list = {.arena = a};
    switch (def->kind) {
    case OPTION_FLAG:
        return *(const bool *)at ? "yes" : "no";
    case OPTION_TEXT:
    case OPTION_NAME:
        text = *(const char *const *)at;
        return text ? text : "";
    case OPTION_INT:
        return arena_printf(a, "%lld", (long long)*(const int64_t *)at);
    case OPTION_NUMBER:
        return arena_printf(a, "%.17g", *(const double *)at);
    case OPTION_CHOICE:
        for (int32_t i = *(const int32_t *)at; i > 0; i--) {
            text += strcspn(text, "|") + 1;
        }
        return arena_strndup(a, text, strcspn(text, "|"));
    case OPTION_LIST:
        for (uint32_t i = 0; i < ((const TextList *)at)->count; i++) {
            strbuf_printf(&list, "%s%s", i ? " " : "", ((const TextList *)at)->at[i]);
        }
        return strbuf_text(&list);
    }
    return "";
}

// Adds doc, broken into lines at `column`.
static void add_wrapped(StrBuf *out, const char *doc, size_t column)
{
    size_t at = column;
    while (*doc) {
        size_t word = strcspn(doc, " ");
        if (at > column && at + word + 1 > 100) {
            strbuf_printf(out, "\n%*s", (int)column, "");
            at = column;
        } else if (at > column) {
            strbuf_add(out, " ");
            at++;
        }
        strbuf_add_bytes(out, doc, word);
        at += word;
        doc += word + strspn(doc + word, " ");
    }
    strbuf_add(out, "\n");
}

static void add_option_help(StrBuf *out, const OptionDef *o)
{
    StrBuf left = {.arena = out->arena};
    if (o->letter) {
        strbuf_printf(&left, "-%c%s", o->letter, o->name ? ", " : "");
    }
    if (o->name) {
        strbuf_printf(&left, "%s%s", o->letter ? "" : "    ", option_spelling(out->arena, o));
    }
    if (o->value) {
        strbuf_printf(&left, "%s%s", o->name ? " " : "", o->value);
    }
    size_t column = 34;
    strbuf_printf(out, "  %-*s", (int)column - 2, strbuf_text(&left));
    if (left.count + 2 >= column) {
        strbuf_printf(out, "\n%*s", (int)column, "");
    }
    add_wrapped(out, o->doc, column);
    for (size_t i = 0; o->nth && o->nth(i).name; i++) {
        strbuf_printf(out, "%*s%-10s", (int)column, "", o->nth(i).name);
        add_wrapped(out, o->nth(i).doc, column + 10);
    }
}

void options_help(StrBuf *out, const CommandDef *command)
{
    if (!command) {
        strbuf_add(out, "resnetc: a compiler for networks of the ResNet family.\n\n");
        for (size_t i = 0; i < command_table_count; i++) {
            strbuf_printf(out, "  resnetc %s\n      %s\n", command_table[i].usage,
                          command_table[i].doc);
        }
        strbuf_add(out,
                   "\nMODEL is a .rn file, or the name of a shipped model (--list-models).\n"
                   "Options may stand before or after it; resnetc COMMAND --help lists those of a "
                   "command.\n\nOptions of resnetc and resnetc compile:\n");
        command = &command_table[0];
    } else {
        strbuf_printf(out, "resnetc %s\n  %s\n", command->usage, command->doc);
    }
    const char *group = NULL; // heading that waits for an option of this command
    for (size_t i = 0; i < option_table_count; i++) {
        group = option_table[i].group ? option_table[i].group : group;
        if (!(option_table[i].commands & command->bit)) {
            continue;
        }
        if (group) {
            strbuf_printf(out, "\n %s\n", group);
        }
        group = NULL;
        add_option_help(out, &option_table[i]);
    }
    strbuf_add(out, "\nExit codes: 0 done; 1 a model or input file is wrong; 2 wrong usage;\n"
                    "            3 the system failed (files, memory) or an internal error;\n"
                    "            130 training was stopped by Ctrl-C, after saving.\n");
}
