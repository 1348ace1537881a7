// option_table.c: every command and every option of resnetc. Help, parsing and suggestions come
// from here.
#include "driver/options.h"

#include "driver/commands.h"

#define ALL (CMD_COMPILE | CMD_TRAIN | CMD_RUN | CMD_GRAD | CMD_EVAL | CMD_PREDICT | CMD_BENCH)
#define RUNNERS (CMD_TRAIN | CMD_RUN | CMD_GRAD | CMD_EVAL | CMD_PREDICT | CMD_BENCH)
#define DATA (CMD_TRAIN | CMD_EVAL | CMD_PREDICT)
#define AT(f) .offset = offsetof(Options, f)
#define GIVEN(f) .given_offset = offsetof(Options, f)

const CommandDef command_table[] = {
    {"compile", CMD_COMPILE, "[compile] MODEL [-o MODEL.o]",
     "Writes a native object and its C header, or with --emit something else about the model.",
     cmd_compile},
    {"train", CMD_TRAIN, "train MODEL --data SET",
     "Trains in this process; prints loss, accuracies and speed per epoch.", cmd_train},
    {"run", CMD_RUN, "run MODEL --weights W.safetensors --input X.npy --output Y.npy",
     "Runs inference on a float32 [N,C,H,W] .npy file and writes the logits.", cmd_run},
    {"grad", CMD_GRAD,
     "grad MODEL --weights W.safetensors --input X.npy --labels L.npy --output G.safetensors",
     "Writes loss, all gradients and updated running statistics of one batch.", cmd_grad},
    {"eval", CMD_EVAL, "eval MODEL --weights W.safetensors --data SET",
     "Prints accuracy and mean loss on a data set.", cmd_eval},
    {"predict", CMD_PREDICT, "predict MODEL --weights W.safetensors --data SET",
     "Shows pictures of a data set with their true and predicted classes.", cmd_predict},
    {"bench", CMD_BENCH, "bench MODEL [--mode infer|train] [--batch N]",
     "Measures the time of inference or of a training step.", cmd_bench},
};
const size_t command_table_count = sizeof command_table / sizeof command_table[0];

const OptionDef option_table[] = {
    // the model
    {"output", 'o', OPTION_TEXT, AT(output), .value = "FILE",
     .commands = CMD_COMPILE | CMD_RUN | CMD_GRAD,
     .doc = "Output file. An object MODEL.o gets its header MODEL.h beside it."},
    {NULL, 'D', OPTION_LIST, AT(defines), .value = "NAME=VALUE", .commands = ALL,
     .doc = "Overrides a param of the model, e.g. -D classes=10. May be repeated."},
    {"emit", 0, OPTION_CHOICE, AT(emit), GIVEN(emit_given),
     .value = "object|header|summary|graph|dot|plan|plan-svg|llvm|asm", .commands = CMD_COMPILE,
     .doc = "What to write (default object); to standard output unless -o is given."},
    {"name", 0, OPTION_TEXT, AT(name), .value = "NAME", .commands = CMD_COMPILE,
     .doc = "Export the model as rn_model_NAME (default: the base name of -o, else the model's)."},
    {"mode", 0, OPTION_CHOICE, AT(mode), GIVEN(mode_given), .value = "infer|train|both",
     .fallback = CHOICE_BOTH, .commands = CMD_COMPILE | CMD_BENCH,
     .doc = "What the code can do (default both; bench: infer, where train is a whole step)."},
    {"target", 0, OPTION_TEXT, AT(target), .value = "NAME", .commands = ALL,
     .doc = "Machine to compile for (--list-targets; default: the best this machine runs)."},
    {"plan-for", 0, OPTION_LIST, AT(plans), .value = "batch=N", .commands = ALL,
     .doc =
         "Adds a plan for this batch (default: inference 1 and 64, training 64). May be repeated."},
    {"exact", 0, OPTION_FLAG, AT(exact), .commands = ALL,
     .doc = "Direct convolution only, no Winograd: the smallest rounding errors."},
    {"optimize", 0, OPTION_CHOICE, AT(optimize), .value = "speed|size", .commands = ALL,
     .doc = "size leaves out algorithms that store weights larger than they are (default speed)."},
    {"dump-after", 0, OPTION_TEXT, AT(dump_after), .value = "PASS", .commands = ALL,
     .doc =
         "Print the graph to standard error after this pass (--list-passes); 'all' for every one."},
    {"stop-after", 0, OPTION_TEXT, AT(stop_after), .value = "PASS", .commands = CMD_COMPILE,
     .doc = "Stop after this pass and print the graph to standard output."},
    {"verify-each", 0, OPTION_FLAG, AT(verify_each), .commands = ALL,
     .doc = "Check the graph after every pass."},
    {"time-passes", 0, OPTION_FLAG, AT(time_passes), .commands = ALL,
     .doc = "Print the time of each part of the compilation to standard error."},
    {"explain-kernels", 0, OPTION_FLAG, AT(explain_kernels), .commands = ALL,
     .doc = "Print which algorithm serves each layer, and why, to standard error."},
    // weights and data
    {"weights", 0, OPTION_TEXT, AT(weights), .value = "FILE", .commands = RUNNERS,
     .doc = "Parameters and running statistics, a .safetensors file."},
    {"input", 0, OPTION_TEXT, AT(input), .value = "X.npy", .commands = CMD_RUN | CMD_GRAD,
     .doc = "float32 array [N,C,H,W]."},
    {"labels", 0, OPTION_TEXT, AT(labels), .value = "L.npy", .commands = CMD_GRAD,
     .doc = "Integer array [N], each below the number of classes."},
    {"data", 0, OPTION_TEXT, AT(data), .value = "SET", .commands = DATA,
     .doc = "fashion-mnist; or IMAGES,LABELS: two .npy or two IDX files (gzip or not)."},
    {"data-dir", 0, OPTION_TEXT, AT(data_dir), .value = "DIR", .commands = DATA,
     .doc = "Where the files of fashion-mnist lie (default /usr/share/datasets/fashion-mnist)."},
    {"resize", 0, OPTION_INT, AT(resize), .value = "N", .min = 1, .max = 4096, .commands = DATA,
     .doc = "Resize 8-bit pictures to N x N, bilinear, as PIL does."},
    {"limit", 0, OPTION_INT, AT(limit), .value = "N", .min = 1, .max = 1e9, .commands = DATA,
     .doc = "Use only the first N pictures of the data set."},
    {"count", 0, OPTION_INT, AT(count), .value = "N", .fallback = 6, .min = 1, .max = 1e6,
     .commands = CMD_PREDICT, .doc = "How many pictures to show (default 6)."},
    // running
    {"batch", 0, OPTION_INT, AT(batch), .value = "N", .min = 1, .max = 65536,
     .commands = CMD_TRAIN | CMD_RUN | CMD_EVAL | CMD_BENCH,
     .doc = "Pictures per step (default: train 256, run and eval 64, bench 1)."},
    {"threads", 0, OPTION_INT, AT(threads), .value = "N", .min = 1, .max = 1024,
     .commands = RUNNERS, .doc = "Threads (default: one per core)."},
    {"seed", 0, OPTION_INT, AT(seed), GIVEN(seed_given), .value = "N", .min = 0, .max = 9e15,
     .commands = CMD_TRAIN | CMD_BENCH,
     .doc = "Seed of initial weights and shuffling (default 0)."},
    // training
    {"epochs", 0, OPTION_INT, AT(epochs), .value = "N", .min = 1, .max = 1e6, .commands = CMD_TRAIN,
     .doc = "Passes over the data (default 10)."},
    {"steps", 0, OPTION_INT, AT(steps), .value = "N", .min = 1, .max = 1e12, .commands = CMD_TRAIN,
     .doc = "Number of steps instead of epochs; goes over the data as often as needed."},
    {"lr", 0, OPTION_NUMBER, AT(lr), GIVEN(lr_given), .value = "X", .fallback = 0.05, .min = 0,
     .max = 1e6, .commands = CMD_TRAIN,
     .doc = "Learning rate (default 0.05; with --resume, the checkpoint's)."},
    {"momentum", 0, OPTION_NUMBER, AT(momentum), .value = "X", .min = 0, .max = 1,
     .commands = CMD_TRAIN, .doc = "Momentum of SGD (default 0)."},
    {"weight-decay", 0, OPTION_NUMBER, AT(weight_decay), .value = "X", .min = 0, .max = 1e6,
     .commands = CMD_TRAIN, .doc = "L2 penalty on every trainable parameter (default 0)."},
    {"no-shuffle", 0, OPTION_FLAG, AT(no_shuffle), .commands = CMD_TRAIN,
     .doc = "Take the pictures in their order."},
    {"log", 0, OPTION_TEXT, AT(log), .value = "FILE", .commands = CMD_TRAIN,
     .doc = "One JSON object per step: step, epoch, loss, accuracy, lr, examples_per_s."},
    {"save", 0, OPTION_TEXT, AT(save), .value = "FILE", .commands = CMD_TRAIN,
     .doc = "Write the trained parameters and running statistics as .safetensors."},
    {"checkpoint", 0, OPTION_TEXT, AT(checkpoint), .value = "FILE", .commands = CMD_TRAIN,
     .doc = "Save everything that training needs to go on, after each epoch."},
    {"resume", 0, OPTION_FLAG, AT(resume), .commands = CMD_TRAIN,
     .doc = "Go on from the file of --checkpoint."},
    {"curves", 0, OPTION_TEXT, AT(curves), .value = "FILE", .commands = CMD_TRAIN,
     .doc = "Draw loss and accuracies over the epochs as an SVG picture."},
    // bench
    {"repeats", 0, OPTION_INT, AT(repeats), .value = "N", .fallback = 10, .min = 1, .max = 1e6,
     .commands = CMD_BENCH, .doc = "Measured runs (default 10)."},
    {"warmup", 0, OPTION_INT, AT(warmup), .value = "N", .fallback = 2, .min = 0, .max = 1e6,
     .commands = CMD_BENCH, .doc = "Runs before measuring (default 2)."},
    {"profile", 0, OPTION_FLAG, AT(profile), .commands = CMD_BENCH,
     .doc =
         "Also the time of each step, beside what was predicted, and sums by algorithm and line."},
    {"trace", 0, OPTION_TEXT, AT(trace), .value = "FILE",
     .commands = CMD_TRAIN | CMD_RUN | CMD_BENCH,
     .doc = "Write what each thread did when, for chrome://tracing or ui.perfetto.dev (JSON)."},
    {"json", 0, OPTION_FLAG, AT(json), .commands = CMD_BENCH | CMD_EVAL,
     .doc = "One JSON object on standard output."},
    // questions
    {"list-models", 0, OPTION_FLAG, AT(list_models), .commands = CMD_COMPILE,
     .doc = "List the shipped models."},
    {"list-ops", 0, OPTION_FLAG, AT(list_ops), .commands = CMD_COMPILE,
     .doc = "List the operators of the language."},
    {"list-targets", 0, OPTION_FLAG, AT(list_targets), .commands = CMD_COMPILE,
     .doc = "List the machines that can be compiled for."},
    {"list-passes", 0, OPTION_FLAG, AT(list_passes), .commands = CMD_COMPILE,
     .doc = "List the passes in their order."},
    {"version", 0, OPTION_FLAG, AT(version), .commands = ALL, .doc = "Print the version."},
    {"help", 'h', OPTION_FLAG, AT(help), .commands = ALL, .doc = "Print this help."},
};
const size_t option_table_count = sizeof option_table / sizeof option_table[0];
