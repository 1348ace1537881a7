// test_options.c: the command line's parser and the help.
#include "support/check_main.h"

#include <string.h>

#include "tool/cli/options.h"

static Arena *arena;
static Options options;

static void setup(void)
{
    arena = arena_create();
}

static void teardown(void)
{
    arena_destroy(arena);
}

// Parses words separated by spaces; NULL or the error.
static const char *parse(const char *line)
{
    char *argv[32] = {arena_strdup(arena, "resnetc")};
    int argc = 1;
    char *copy = arena_strdup(arena, line);
    for (char *word = strtok(copy, " "); word && argc < 32; word = strtok(NULL, " ")) {
        argv[argc++] = word;
    }
    const char *error;
    return options_parse(arena, argc, argv, &options, &error) ? NULL : error;
}

START_TEST(values_in_one_word_or_two)
{
    ck_assert_ptr_null(parse("train m.rn --lr=0.5 --batch 32 -Dclasses=3 -D width=7 --no-shuffle"));
    ck_assert_str_eq(options.command->name, "train");
    ck_assert_str_eq(options.model, "m.rn");
    ck_assert_double_eq(options.lr, 0.5);
    ck_assert_int_eq(options.batch, 32);
    ck_assert_uint_eq(options.defines.count, 2);
    ck_assert_str_eq(options.defines.at[0], "classes=3");
    ck_assert_str_eq(options.defines.at[1], "width=7");
    ck_assert(options.no_shuffle && !options.resume);
}
END_TEST

START_TEST(command_after_options)
{
    ck_assert_ptr_null(parse("--batch 8 train m.rn"));
    ck_assert_str_eq(options.command->name, "train");
    ck_assert_ptr_null(parse("-o train m.rn"));
    ck_assert_str_eq(options.command->name, "compile");
    ck_assert_str_eq(options.output, "train");
    ck_assert_ptr_null(parse("-- train"));
    ck_assert_str_eq(options.command->name, "compile");
    ck_assert_str_eq(options.model, "train");
}
END_TEST

START_TEST(defaults)
{
    ck_assert_ptr_null(parse("train m"));
    ck_assert_double_eq(options.lr, 0.05);
    ck_assert(!options.lr_given);
    ck_assert_ptr_null(parse("m"));
    ck_assert_ptr_null(options.emit);
    ck_assert_int_eq(options.mode, CHOICE_BOTH);
    ck_assert(!options.mode_given);
    ck_assert_ptr_null(parse("m --emit=asm --optimize=size --exact"));
    ck_assert_str_eq(options.emit, "asm");
    ck_assert_int_eq(options.optimize, 1);
    ck_assert(options.exact);
}
END_TEST

START_TEST(mistakes)
{
    ck_assert_str_eq(parse("m --emitt=plan"), "unknown option --emitt; did you mean --emit?");
    ck_assert_str_eq(parse("m --zzzzzzzzz"), "unknown option --zzzzzzzzz; see resnetc --help");
    ck_assert_str_eq(parse("train m --lr"), "--lr needs a value: X");
    ck_assert_str_eq(parse("train m --lr nan"), "--lr: 'nan' is not a number");
    ck_assert_str_eq(parse("train m --momentum 1.5"), "--momentum: 1.5 is not within 0..1");
    ck_assert_str_eq(parse("train m --no-shuffle=1"), "--no-shuffle takes no value");
    ck_assert_str_eq(parse("m -D classes"), "-D: 'classes' has not the form NAME=VALUE");
    ck_assert_str_eq(parse("train m --threads 99999999999999999999"),
                     "--threads: '99999999999999999999' is not a whole number");
    ck_assert_str_eq(parse("train"), "train: no model given: resnetc train MODEL --data SET");
}
END_TEST

START_TEST(partners)
{
    ck_assert_str_eq(parse("train m --keep 3"), "--keep needs --checkpoint FILE");
    ck_assert_str_eq(parse("train m --save-every 3"), "--save-every needs --checkpoint FILE");
    ck_assert_str_eq(parse("train m --resume"), "--resume needs --checkpoint FILE");
    ck_assert_ptr_null(parse("train m --resume --save-every 3 --keep 1 --checkpoint d/"));
    ck_assert_str_eq(parse("train m --beta1 0.9"), "--beta1 needs --optimizer adamw");
    ck_assert_ptr_null(parse("train m --beta1 0.9 --optimizer adamw"));
    ck_assert_str_eq(parse("train m --lr-drop-factor 0.1 --lr-schedule cosine"),
                     "--lr-drop-factor needs --lr-schedule step|multistep");
    ck_assert_ptr_null(parse("train m --lr-drop-factor 0.1 --lr-schedule multistep"));
    ck_assert_str_eq(parse("m --embed plain"), "--embed needs --weights FILE");
    ck_assert_str_eq(parse("run m --map t"), "--map needs --weights FILE");
    ck_assert_str_eq(parse("eval m --data-dir d"), "--data-dir needs --data SET");
    ck_assert_ptr_null(parse("train m --keep 3 --help"));
}
END_TEST

// Every option is documented in the help of each of its commands.
START_TEST(help_is_complete)
{
    for (size_t c = 0; c < command_table_count; c++) {
        StrBuf help = {.arena = arena};
        options_help(&help, &command_table[c]);
        for (size_t i = 0; i < option_table_count; i++) {
            const OptionDef *o = &option_table[i];
            if (!o->name || !(o->commands & command_table[c].bit)) {
                continue;
            }
            ck_assert_msg(strstr(strbuf_text(&help), option_spelling(arena, o)) != NULL, "%s in %s",
                          o->name, command_table[c].name);
        }
        for (const char *line = strbuf_text(&help); *line; line += strcspn(line, "\n") + 1) {
            ck_assert_msg(strcspn(line, "\n") <= 101, "%.120s", line);
        }
    }
}
END_TEST

static const OptionDef *needed(const char *needs)
{
    for (size_t i = 0; i < option_table_count; i++) {
        if (option_table[i].name && strcspn(needs, "=") == strlen(option_table[i].name) &&
            strncmp(needs, option_table[i].name, strlen(option_table[i].name)) == 0) {
            return &option_table[i];
        }
    }
    ck_abort_msg("there is no --%s", needs);
}

START_TEST(table_is_consistent)
{
    for (size_t i = 0; i < option_table_count; i++) {
        const OptionDef *o = &option_table[i];
        ck_assert(o->name || o->letter);
        ck_assert((o->kind == OPTION_FLAG) == (o->value == NULL));
        ck_assert(o->doc && o->commands);
        if (o->needs) { // a value for it can be given where this one can
            ck_assert_msg(needed(o->needs)->commands & o->commands, "%s", o->name);
        }
        for (size_t k = 0; k < i; k++) {
            const OptionDef *p = &option_table[k];
            ck_assert(!o->name || !p->name || strcmp(o->name, p->name) != 0);
            ck_assert(!o->letter || o->letter != p->letter);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("options");
    TCase *tc = tcase_create("options");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, values_in_one_word_or_two);
    tcase_add_test(tc, command_after_options);
    tcase_add_test(tc, defaults);
    tcase_add_test(tc, mistakes);
    tcase_add_test(tc, partners);
    tcase_add_test(tc, help_is_complete);
    tcase_add_test(tc, table_is_consistent);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
