// option_table.c: every command and every option of resnetc. Help, parsing and suggestions come
// from here.
#include "tool/cli/options.h"

#include "tool/cli/commands.h"
#include "tool/emit/emit.h"

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
     "Runs inference on a float32 [N,C,H,W] .npy file and writes the model's outputs.", cmd_run},
    {"grad", CMD_GRAD,
     "grad MODEL --weights W.safetensors --input X.npy --labels L.npy --output G.safetensors",
     "Writes loss, all gradients and updated running statistics of one batch.", cmd_grad},
    {"eval", CMD_EVAL, "eval MODEL --weights W.safetensors --data SET",
     "Prints accuracy and mean loss on a data set.", cmd_eval},
    {"predict", CMD_PREDICT, "predict MODEL --weights W.safetensors PICTURE.jpg... | --data SET",
     "Says what picture files show, or shows a data set's pictures with true and predicted "
     "classes.",
     cmd_predict},
    {"bench", CMD_BENCH, "bench MODEL [--mode infer|train] [--batch N]",
     "Measures the time of inference or of a training step.", cmd_bench},
};
const size_t command_table_count = sizeof command_table / sizeof command_table[0];

static OptionName nth_emit(size_t i)
{
    return i < emit_table_count ? (OptionName){emit_table[i]->name, emit_table[i]->doc}
                                : (OptionName){0};
}

const OptionDef option_table[] = {
    // the model
    {"output", 'o', OPTION_TEXT, AT(output), .writes = true, .group = "The model", .value = "FILE",
     .commands = CMD_COMPILE | CMD_RUN | CMD_GRAD,
     .doc =
         "Output file. An object MODEL.o gets its header MODEL.h beside it. run, where the model "
         "has several outputs: a FOLDER/ for a NAME.npy of each, or a FILE.safetensors."},
    {NULL, 'D', OPTION_LIST, AT(defines), .value = "NAME=VALUE", .commands = ALL,
     .doc = "Overrides a param of the model, e.g. -D classes=10. May be repeated."},
    {"emit", 0, OPTION_NAME, AT(emit), .group = "Compilation", .value = "KIND", .nth = nth_emit,
     .commands = CMD_COMPILE,
     .doc = "What to write in place of an object and its header; to standard output unless -o is "
            "given."},
    {"name", 0, OPTION_TEXT, AT(name), .value = "NAME", .commands = CMD_COMPILE,
     .doc = "Export the model as rn_model_NAME (default: the base name of -o, else the model's)."},
    {"MD", 0, OPTION_FLAG, AT(depend), .commands = CMD_COMPILE, .one_dash = true,
     .doc = "Also write what the object is made from, as make and ninja read it: MODEL.d."},
    {"MF", 0, OPTION_TEXT, AT(depfile), .writes = true, .value = "FILE", .commands = CMD_COMPILE,
     .one_dash = true, .doc = "The same, into this file."},
    {"mode", 0, OPTION_CHOICE, AT(mode), GIVEN(mode_given), .value = "infer|train|both",
     .fallback = CHOICE_BOTH, .commands = CMD_COMPILE | CMD_BENCH,
     .doc =
         "What the code can do (default both, with --weights infer; bench: infer, where train is a "
         "whole step)."},
    {"target", 0, OPTION_TEXT, AT(target), .value = "NAME", .commands = ALL,
     .doc = "Machine to compile for (--list-targets; default: the best this machine runs)."},
    {"plan-for", 0, OPTION_LIST, AT(plans), .value = "batch=N", .commands = ALL,
     .doc =
         "Adds a plan for this batch (default: inference 1 and 64, training 64). May be repeated."},
    {"exact", 0, OPTION_FLAG, AT(exact), .commands = ALL, .same_on_resume = true,
     .doc = "Direct convolution only, no Winograd: the smallest rounding errors."},
    {"optimize", 0, OPTION_CHOICE, AT(optimize), .value = "speed|size", .commands = ALL,
     .same_on_resume = true,
     .doc = "size leaves out algorithms that store weights larger than they are (default speed)."},
    {"recompute", 0, OPTION_CHOICE, AT(recompute), .value = "convs|joins|maps|none",
     .commands = ALL, .same_on_resume = true,
     .doc = "What training's backward computes again instead of keeping it: normalisation and "
            "activation (maps), also what joins store, also convolutions of at most 64 "
            "multiply-adds per value (default convs: least memory)."},
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
    {"weights", 0, OPTION_TEXT, AT(weights), .reads = "the weights", .group = "Weights and data",
     .value = "FILE", .commands = RUNNERS | CMD_COMPILE,
     .doc = "Parameters and running statistics, a .safetensors file; compile puts them into the "
            "object."},
    {"embed", 0, OPTION_CHOICE, AT(embed), GIVEN(embed_given), .value = "packed|plain",
     .needs = "weights", .commands = CMD_COMPILE,
     .doc =
         "Weights in the object: ready to run (default for inference), or as the file has them."},
    {"map", 0, OPTION_TEXT, AT(map), .reads = "the rename table", .value = "FILE",
     .needs = "weights", .commands = RUNNERS | CMD_COMPILE,
     .doc =
         "Rename table for --weights: a rule OLD NEW per line, * for any text, NEW - leaves out."},
    {"key", 0, OPTION_TEXT, AT(key), .value = "NAME", .needs = "weights",
     .commands = RUNNERS | CMD_COMPILE,
     .doc = "Where several tensors of --weights have the model's names behind different beginnings "
            "(model., ema.): which are taken; '.': those with no beginning."},
    {"new-head", 0, OPTION_FLAG, AT(new_head), .needs = "weights", .commands = CMD_TRAIN,
     .doc = "With --weights of another class count or without a head: start what differs anew, and "
            "say so."},
    {"input", 0, OPTION_TEXT, AT(input), .reads = "the input", .value = "X.npy",
     .commands = CMD_RUN | CMD_GRAD, .doc = "float32 array [N,C,H,W]; the model has one input."},
    {"labels", 0, OPTION_TEXT, AT(labels), .reads = "the labels", .value = "FILE",
     .commands = CMD_GRAD | CMD_PREDICT,
     .doc = "grad: integer array L.npy [N], each below the number of classes. predict: a text with "
            "a class name on each line."},
    {"data", 0, OPTION_TEXT, AT(data), .reads = "the data", .value = "SET", .commands = DATA,
     .doc = "fashion-mnist; mnist; a folder of IDX files, of CIFAR-10 or CIFAR-100 .bin files, or "
            "of pictures (train/CLASS/*.jpg with val/CLASS/*.jpg and test/CLASS/*.jpg, or "
            "CLASS/*.jpg); or IMAGES,LABELS: two .npy or two IDX files (gzip or not)."},
    {"split", 0, OPTION_CHOICE, AT(split), .value = "scored|train|val|test",
     .commands = CMD_EVAL | CMD_PREDICT,
     .doc = "Which pictures of the set: scored is what train scores after each epoch: the "
            "validation pictures, else the test pictures, else all there are, which is said "
            "(default)."},
    {"data-dir", 0, OPTION_TEXT, AT(data_dir), .value = "DIR", .needs = "data", .commands = DATA,
     .doc = "Where the files of the set lie, in place of where --data NAME would look."},
    {"resize", 0, OPTION_INT, AT(resize), .value = "N", .min = 1, .max = 4096, .commands = DATA,
     .same_on_resume = true,
     .doc = "Resize 8-bit pictures to N x N, bilinear, as PIL does, in place of what the model "
            "states."},
    {"limit", 0, OPTION_INT, AT(limit), .value = "N", .min = 1, .max = 1e9, .commands = DATA,
     .doc = "Use only N pictures: of a folder of pictures as many of each class as there are, "
            "else the first."},
    {"exif", 0, OPTION_CHOICE, AT(exif), .value = "ignore|apply", .commands = DATA,
     .same_on_resume = true,
     .doc = "Files of pictures that lie on their side: take them as they lie, as torchvision does "
            "(default), or turn them as their EXIF orientation says."},
    {"skip-bad", 0, OPTION_FLAG, AT(skip_bad), .commands = DATA,
     .doc = "Read all files of pictures once beforehand, name those that are damaged, and go on "
            "without them."},
    {"augment", 0, OPTION_TEXT, AT(augment), .value = "flip,crop=N,rrc", .commands = CMD_TRAIN,
     .same_on_resume = true,
     .doc =
         "Vary pictures: flip left and right; crop=N: shift by up to N pixels; rrc: a random part "
         "at a random scale (in place of resize and crop); none (default)."},
    {"loader-threads", 0, OPTION_INT, AT(loader_threads), .value = "N", .fallback = -1, .min = 0,
     .max = 1024, .commands = CMD_TRAIN | CMD_EVAL,
     .doc = "Threads that read and vary pictures ahead; 0: none. Default: one per core for files, "
            "else 1, on one core 0. The result is the same."},
    {"top", 0, OPTION_INT, AT(top), .value = "N", .fallback = 5, .min = 1, .max = 1e6,
     .commands = CMD_PREDICT, .doc = "How many classes to name for a picture file (default 5)."},
    {"count", 0, OPTION_INT, AT(count), .value = "N", .fallback = 6, .min = 1, .max = 1e6,
     .commands = CMD_PREDICT, .doc = "How many pictures to show (default 6)."},
    // running
    {"batch", 0, OPTION_INT, AT(batch), .group = "Running", .value = "N", .min = 1, .max = 65536,
     .commands = CMD_TRAIN | CMD_RUN | CMD_EVAL | CMD_BENCH,
     .doc = "Pictures per step (default: train 256, run and eval 64, bench 1)."},
    {"threads", 0, OPTION_INT, AT(threads), .value = "N", .min = 1, .max = 1024,
     .commands = RUNNERS, .doc = "Threads (default: one per core)."},
    {"seed", 0, OPTION_INT, AT(seed), GIVEN(seed_given), .value = "N", .min = 0, .max = 9e15,
     .commands = CMD_TRAIN | CMD_BENCH,
     .doc = "Seed of initial weights and shuffling (default 0)."},
    // training
    {"epochs", 0, OPTION_INT, AT(epochs), .group = "Steps of training", .value = "N", .min = 1,
     .max = 1e6, .commands = CMD_TRAIN, .doc = "Passes over the data (default 10)."},
    {"steps", 0, OPTION_INT, AT(steps), .value = "N", .min = 1, .max = 1e12, .commands = CMD_TRAIN,
     .doc = "Number of steps instead of epochs; goes over the data as often as needed."},
    {"lr", 0, OPTION_NUMBER, AT(lr), .group = "Learning rate", GIVEN(lr_given), .value = "X",
     .fallback = 0.05, .min = 0, .max = 1e6, .commands = CMD_TRAIN,
     .doc = "Learning rate (default 0.05; with --resume, the checkpoint's)."},
    {"lr-schedule", 0, OPTION_CHOICE, AT(lr_schedule), .value = "constant|step|multistep|cosine",
     .commands = CMD_TRAIN,
     .doc = "How the learning rate goes on (default constant). In what follows, a LENGTH is a "
            "number of epochs (30, 2.5) or of steps (400s)."},
    {"lr-drop-every", 0, OPTION_TEXT, AT(lr_drop_every), .value = "LENGTH", .commands = CMD_TRAIN,
     .doc = "step: time between two drops."},
    {"lr-drop-at", 0, OPTION_TEXT, AT(lr_drop_at), .value = "LENGTH,...", .commands = CMD_TRAIN,
     .doc = "multistep: when it drops."},
    {"lr-drop-factor", 0, OPTION_NUMBER, AT(lr_drop_factor), .value = "X", .fallback = 0.1,
     .min = 0, .max = 1, .needs = "lr-schedule=step|multistep", .commands = CMD_TRAIN,
     .doc = "Factor of a drop (default 0.1)."},
    {"lr-min", 0, OPTION_NUMBER, AT(lr_min), .value = "X", .min = 0, .max = 1e6,
     .commands = CMD_TRAIN, .doc = "cosine: where it ends (default 0)."},
    {"lr-warmup", 0, OPTION_TEXT, AT(lr_warmup), .value = "LENGTH", .commands = CMD_TRAIN,
     .doc = "Time of a linear warm-up in front of any schedule (default none)."},
    {"lr-warmup-from", 0, OPTION_NUMBER, AT(lr_warmup_from), .value = "X", .fallback = 0.01,
     .min = 0, .max = 1, .needs = "lr-warmup", .commands = CMD_TRAIN,
     .doc = "Factor on the learning rate where the warm-up begins (default 0.01)."},
    {"optimizer", 0, OPTION_CHOICE, AT(optimizer), .group = "Optimiser and loss",
     .value = "sgd|adamw", .commands = CMD_TRAIN, .same_on_resume = true,
     .doc = "Update rule (default sgd)."},
    {"momentum", 0, OPTION_NUMBER, AT(momentum), .value = "X", .min = 0, .max = 1,
     .commands = CMD_TRAIN, .same_on_resume = true, .doc = "Momentum of SGD (default 0)."},
    {"nesterov", 0, OPTION_FLAG, AT(nesterov), .commands = CMD_TRAIN, .same_on_resume = true,
     .doc = "Nesterov's momentum."},
    {"beta1", 0, OPTION_NUMBER, AT(beta1), .value = "X", .fallback = 0.9, .min = 0, .max = 1,
     .needs = "optimizer=adamw", .commands = CMD_TRAIN, .same_on_resume = true,
     .doc = "AdamW: share that the mean gradient keeps (default 0.9)."},
    {"beta2", 0, OPTION_NUMBER, AT(beta2), .value = "X", .fallback = 0.999, .min = 0, .max = 1,
     .needs = "optimizer=adamw", .commands = CMD_TRAIN, .same_on_resume = true,
     .doc = "AdamW: share that the mean squared gradient keeps (default 0.999)."},
    {"epsilon", 0, OPTION_NUMBER, AT(epsilon), .value = "X", .fallback = 1e-8, .min = 0, .max = 1,
     .needs = "optimizer=adamw", .commands = CMD_TRAIN, .same_on_resume = true,
     .doc = "AdamW: added to the divisor (default 1e-8)."},
    {"weight-decay", 0, OPTION_NUMBER, AT(weight_decay), .value = "X", .min = 0, .max = 1e6,
     .commands = CMD_TRAIN, .same_on_resume = true,
     .doc = "SGD: L2 penalty; AdamW: decoupled decay; on every trainable parameter (default 0)."},
    {"no-decay-1d", 0, OPTION_FLAG, AT(no_decay_1d), .commands = CMD_TRAIN, .same_on_resume = true,
     .doc = "No decay of one-dimensional parameters: biases, scales and shifts of batch norms."},
    {"label-smoothing", 0, OPTION_NUMBER, AT(label_smoothing), .value = "X", .min = 0, .max = 1,
     .commands = CMD_COMPILE | CMD_TRAIN | CMD_GRAD, .same_on_resume = true,
     .doc = "Part of each target spread over all classes in the training loss (default 0)."},
    {"clip-norm", 0, OPTION_NUMBER, AT(clip_norm), .value = "X", .min = 0, .max = 1e30,
     .commands = CMD_TRAIN, .same_on_resume = true,
     .doc = "Shrinks gradients whose common norm is larger (default 0: never)."},
    {"accumulate", 0, OPTION_INT, AT(accumulate), .value = "N", .fallback = 1, .min = 1,
     .max = 65536, .commands = CMD_TRAIN, .same_on_resume = true,
     .doc = "Batches per step: gradients are summed over N of them (default 1)."},
    {"zero-gamma", 0, OPTION_FLAG, AT(zero_gamma), .commands = CMD_TRAIN,
     .doc = "Initial weights: the last batch norm scale of each residual branch starts at 0."},
    {"freeze", 0, OPTION_LIST, AT(freeze), .value = "PATTERN", .commands = CMD_TRAIN,
     .same_on_resume = true,
     .doc = "Leave parameters as they are: a path or its beginning ('layer1'), or a pattern as of "
            "file names ('*.bias'). May be repeated."},
    {"recipe", 0, OPTION_TEXT, AT(recipe), .reads = "the recipe", .group = "The training run",
     .value = "FILE", .commands = CMD_TRAIN,
     .doc = "Options from a file of lines NAME = VALUE, or from a shipped recipe (--list-recipes); "
            "the command line wins."},
    {"no-shuffle", 0, OPTION_FLAG, AT(no_shuffle), .commands = CMD_TRAIN, .same_on_resume = true,
     .doc = "Take the pictures in their order."},
    {"log", 0, OPTION_TEXT, AT(log), .writes = true, .value = "FILE", .commands = CMD_TRAIN,
     .doc = "One JSON object per step: step, epoch, loss, accuracy, lr, examples_per_s, "
            "and waiting, the share of its time spent waiting for data."},
    {"save", 0, OPTION_TEXT, AT(save), .writes = true, .value = "FILE", .commands = CMD_TRAIN,
     .doc = "Write the trained parameters and running statistics as .safetensors."},
    {"checkpoint", 0, OPTION_TEXT, AT(checkpoint), .writes = true, .value = "FILE",
     .commands = CMD_TRAIN,
     .doc = "Save everything that training needs to go on, after each epoch and on Ctrl-C. DIR/: a "
            "folder of numbered ones."},
    {"save-every", 0, OPTION_INT, AT(save_every), .value = "N", .min = 1, .max = 1e12,
     .needs = "checkpoint", .commands = CMD_TRAIN,
     .doc = "Save a checkpoint every N steps instead of each epoch."},
    {"keep", 0, OPTION_INT, AT(keep), .value = "N", .fallback = 3, .min = 1, .max = 1e6,
     .needs = "checkpoint", .commands = CMD_TRAIN,
     .doc = "How many checkpoints stay in the folder (default 3)."},
    {"resume", 0, OPTION_FLAG, AT(resume), .needs = "checkpoint", .commands = CMD_TRAIN,
     .doc = "Go on from the file of --checkpoint, or the newest in its folder."},
    {"curves", 0, OPTION_TEXT, AT(curves), .writes = true, .value = "FILE", .commands = CMD_TRAIN,
     .doc = "Draw loss and accuracies over the epochs as an SVG picture."},
    {"report", 0, OPTION_TEXT, AT(report), .writes = true, .value = "FILE", .commands = CMD_TRAIN,
     .doc =
         "Write a page (HTML, nothing else needed) with curves, confusion matrix, worst mistakes "
         "and the model, after each epoch."},
    // bench
    {"repeats", 0, OPTION_INT, AT(repeats), .group = "Measuring", .value = "N", .fallback = 10,
     .min = 1, .max = 1e6, .commands = CMD_BENCH, .doc = "Measured runs (default 10)."},
    {"warmup", 0, OPTION_INT, AT(warmup), .value = "N", .fallback = 2, .min = 0, .max = 1e6,
     .commands = CMD_BENCH,
     .doc = "Runs before measuring (default 2), and one more that counts the arithmetic."},
    {"profile", 0, OPTION_FLAG, AT(profile), .commands = CMD_BENCH,
     .doc =
         "Also the time of each step, beside what was predicted, and sums by algorithm and line."},
    {"trace", 0, OPTION_TEXT, AT(trace), .writes = true, .value = "FILE",
     .commands = CMD_TRAIN | CMD_RUN | CMD_BENCH,
     .doc = "Write what each thread did when, for chrome://tracing or ui.perfetto.dev (JSON)."},
    {"json", 0, OPTION_FLAG, AT(json), .commands = CMD_BENCH | CMD_EVAL | CMD_PREDICT,
     .doc = "One JSON object on standard output; predict: one for each picture file."},
    // questions
    {"list-models", 0, OPTION_FLAG, AT(list_models), .group = "Questions", .commands = CMD_COMPILE,
     .doc = "List the shipped models."},
    {"list-recipes", 0, OPTION_FLAG, AT(list_recipes), .commands = CMD_COMPILE | CMD_TRAIN,
     .doc = "List the shipped recipes of training."},
    {"list-ops", 0, OPTION_FLAG, AT(list_ops), .commands = CMD_COMPILE,
     .doc = "List the operators of the language."},
    {"list-targets", 0, OPTION_FLAG, AT(list_targets), .commands = CMD_COMPILE,
     .doc = "List the machines that can be compiled for."},
    {"list-passes", 0, OPTION_FLAG, AT(list_passes), .commands = CMD_COMPILE,
     .doc = "List the passes in their order."},
    {"man", 0, OPTION_FLAG, AT(man), .commands = CMD_COMPILE,
     .doc = "Print the manual page, to be read by man or groff."},
    {"completion", 0, OPTION_FLAG, AT(completion), .commands = CMD_COMPILE,
     .doc = "Print what makes bash complete this command line: eval \"$(resnetc --completion)\"."},
    {"version", 0, OPTION_FLAG, AT(version), .commands = ALL, .doc = "Print the version."},
    {"help", 'h', OPTION_FLAG, AT(help), .commands = ALL, .doc = "Print this help."},
};
const size_t option_table_count = sizeof option_table / sizeof option_table[0];
