// options.h: the command line as data: commands, options, and what was parsed.
// Not here: what a command does (cmd_NAME.c).
#ifndef TOOL_CLI_OPTIONS_H
#define TOOL_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "base/vec.h"

typedef enum ExitCode {
    EXIT_OK = 0,
    EXIT_MODEL = 1,
    EXIT_USAGE = 2,
    EXIT_ENVIRONMENT = 3,
    EXIT_INTERRUPTED = 130 // by Ctrl-C, after saving
} ExitCode;

// Which commands take an option.
enum {
    CMD_COMPILE = 1u << 0,
    CMD_TRAIN = 1u << 1,
    CMD_RUN = 1u << 2,
    CMD_GRAD = 1u << 3,
    CMD_EVAL = 1u << 4,
    CMD_PREDICT = 1u << 5,
    CMD_BENCH = 1u << 6,
    CMD_NONE = 1u << 7, // before any command
};

typedef enum SplitChoice {
    CHOICE_SCORED,
    CHOICE_TRAINING,
    CHOICE_VALIDATION,
    CHOICE_TEST
} SplitChoice;

typedef enum ModeChoice { CHOICE_INFER, CHOICE_TRAIN, CHOICE_BOTH } ModeChoice;

typedef VEC(const char *) TextList;

typedef struct Options Options;

typedef struct CommandDef {
    const char *name;
    uint32_t bit;
    const char *usage; // after "resnetc "
    const char *doc;   // first line stands alone in the overview
    ExitCode (*run)(Arena *a, const Options *o);
} CommandDef;

struct Options {
    const CommandDef *command;
    const char *model; // path or shipped name
    TextList defines;  // name=value
    TextList plans;    // batch=N
    // compile
    const char *output, *name, *target, *dump_after, *stop_after;
    const char *emit; // the name of a kind; NULL: the object with its header
    int32_t mode;     // ModeChoice
    bool mode_given;
    int32_t embed; // EmbedChoice
    bool embed_given;
    int32_t optimize;  // 0: speed, 1: size
    int32_t recompute; // Recompute
    bool exact, verify_each, time_passes, explain_kernels;
    bool depend; // write a depfile
    const char *depfile;
    // data and weights
    const char *weights, *map, *key;
    bool new_head;
    const char *input, *labels, *data, *data_dir, *augment;
    int64_t resize, limit, count, top, loader_threads;
    int32_t split; // SplitChoice
    int32_t exif;  // 0: ignore, 1: apply
    bool skip_bad;
    TextList pictures; // files, of predict
    // training
    int64_t batch, epochs, steps, seed, threads;
    double lr, momentum, weight_decay;
    bool lr_given, seed_given;
    bool no_shuffle, resume, json;
    const char *log, *save, *checkpoint, *curves;
    const char *recipe, *report;
    bool recipe_resizes;                                // resize is the recipe's
    int32_t optimizer;                                  // RnOptimizerKind
    int32_t lr_schedule;                                // RnScheduleKind
    const char *lr_drop_every, *lr_drop_at, *lr_warmup; // lengths: "30" epochs, "400s" steps
    double lr_drop_factor, lr_min, lr_warmup_from;
    double beta1, beta2, epsilon, clip_norm, label_smoothing;
    bool nesterov, no_decay_1d, zero_gamma;
    int64_t accumulate, save_every, keep;
    TextList freeze;
    // bench
    int64_t warmup, repeats;
    bool profile;
    const char *trace; // run and train too
    // questions
    bool help, version, list_ops, list_models, list_targets, list_passes, list_recipes;
    bool man, completion;
    // the words of the command line, to say how a run goes on
    int argc;
    char **argv;
};

typedef enum OptionKind {
    OPTION_FLAG,   // bool
    OPTION_TEXT,   // const char *
    OPTION_INT,    // int64_t
    OPTION_NUMBER, // double
    OPTION_CHOICE, // int32_t, index into `value` split at '|'
    OPTION_NAME,   // const char *, one of the names that `nth` tells
    OPTION_LIST,   // TextList, one more per use; where `value` has a '=', each must have one
} OptionKind;

/// A name that an option takes, from a table made elsewhere.
typedef struct OptionName {
    const char *name, *doc; // NULL: past the end
} OptionName;

typedef struct OptionDef {
    const char *name; // without the dashes; NULL for an option that has a letter only
    char letter;      // 0: none
    OptionKind kind;
    size_t offset;               // in Options
    size_t given_offset;         // of a bool that tells that it was given; 0: none
    const char *value;           // what stands for the value in the help; choices "a|b"
    OptionName (*nth)(size_t i); // of OPTION_NAME: each name, for the help and to refuse others
    double fallback;             // default of numbers
    double min, max;             // allowed range, inclusive; min == max: any
    uint32_t commands;
    const char *group;   // NULL, or the heading that stands in the help above it and those after it
    const char *needs;   // NULL, or what must be set with it: "checkpoint", "optimizer=adamw"
    const char *reads;   // NULL, or what the file is that is read: "the weights"
    bool writes;         // the value is a file that is written
    bool same_on_resume; // a run that goes on must be given the same value
    bool one_dash;       // the name stands behind a single dash, as C compilers have -MD
    const char *doc;
} OptionDef;

extern const OptionDef option_table[];
extern const size_t option_table_count;
extern const CommandDef command_table[];
extern const size_t command_table_count;

/// Parses argv. On a mistake returns false and *error tells what is wrong and how it should be.
bool options_parse(Arena *a, int argc, char **argv, Options *out, const char **error);
/// Gives every number and choice its default.
void options_set_defaults(Options *o);
/// Whether it only asks what the tool knows (--help, --list-...): then no model is needed.
bool options_is_question(const Options *o);
/// Sets options of out->command from a recipe's text; `name` stands in the messages. On a mistake
/// returns false and sets *error.
bool options_set_recipe(Arena *a, Options *out, const char *name, const char *text,
                        const char **error);
/// The value of an option as the command line takes it; flags are "yes" or "no".
const char *options_value_text(Arena *a, const Options *o, const OptionDef *def);
/// What the user types: "--batch", "-MD", or "-D" where there is only a letter.
const char *option_spelling(Arena *a, const OptionDef *o);
/// The overview (command NULL) or the help of one command.
void options_help(StrBuf *out, const CommandDef *command);

#endif
