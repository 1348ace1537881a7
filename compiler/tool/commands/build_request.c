// build_request.c: see build_request.h.
#include "tool/commands/build_request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build/identifier.h"
#include "tool/cli/messages.h"
#include "tool/commands/outputs.h"
#include "tool/commands/weights_option.h"
#include "tool/emit/emit.h"

ModeChoice build_request_mode(const Options *o)
{
    return o->weights && !o->mode_given ? CHOICE_INFER : (ModeChoice)o->mode;
}

static void print_text(void *context, const char *text)
{
    (void)context;
    fputs(text, stderr);
}

BuildRequest build_request_make(Arena *a, const Options *o)
{
    bool from_output = o->output && strcmp(o->output, "-") != 0;
    bool names = o->command->bit == CMD_COMPILE;
    return (BuildRequest){
        .model = o->model,
        .name = o->name                ? o->name
                : names && from_output ? build_identifier(a, o->output)
                                       : NULL,
        .defines = o->defines.at,
        .define_count = o->defines.count,
        .target = o->target,
        .kernels = {.exact = o->exact, .optimize_size = o->optimize == 1},
        .recompute = (Recompute)o->recompute,
        .label_smoothing = o->label_smoothing,
        .dump_after = o->dump_after,
        .stop_after = o->stop_after,
        .verify_each = o->verify_each,
        .time_passes = o->time_passes,
        .explain_kernels = o->explain_kernels,
        .listen = print_text,
    };
}

static int compare_batches(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static ExitCode parse_plan(const char *text, uint32_t *batch)
{
    char *end = NULL;
    long n = strncmp(text, "batch=", 6) == 0 ? strtol(text + 6, &end, 10) : 0;
    if (n < 1 || n > 65536 || *end) {
        return report_error(EXIT_USAGE,
                            "--plan-for: '%s' has not the form batch=N, N from 1 to 65536", text);
    }
    *batch = (uint32_t)n;
    return EXIT_OK;
}

ExitCode build_request_plans(Arena *a, const Options *o, const uint32_t *batches, uint32_t count,
                             BuildPlans *out)
{
    const TextList *asked = &o->plans;
    *out = (BuildPlans){.batches = batches, .batch_count = count};
    if (asked->count == 0) {
        return EXIT_OK;
    }
    if (asked->count > BUILD_MAX_BATCHES) {
        return report_error(EXIT_USAGE, "--plan-for: at most %d plans", BUILD_MAX_BATCHES);
    }
    uint32_t *list = ARENA_ARRAY(a, uint32_t, asked->count);
    for (uint32_t i = 0; i < asked->count; i++) {
        ExitCode code = parse_plan(asked->at[i], &list[i]);
        if (code != EXIT_OK) {
            return code;
        }
    }
    qsort(list, asked->count, sizeof *list, compare_batches);
    uint32_t distinct = 0;
    for (uint32_t i = 0; i < asked->count; i++) {
        if (i == 0 || list[i] != list[distinct - 1]) {
            list[distinct++] = list[i];
        }
    }
    *out = (BuildPlans){.batches = list, .batch_count = distinct, .train_each_batch = true};
    return EXIT_OK;
}

// Training starts from plain weights: packed ones are for inference.
static BuildEmbedding embedding(const Options *o)
{
    if (o->embed_given) {
        return (BuildEmbedding)o->embed;
    }
    return build_request_mode(o) == CHOICE_INFER ? BUILD_EMBED_PACKED : BUILD_EMBED_PLAIN;
}

ExitCode build_request_weights(const Options *o, BuildRequest *out)
{
    if (!o->weights) {
        return EXIT_OK;
    }
    out->weights = o->weights;
    out->weights_options = weights_options(o);
    out->embedding = embedding(o);
    if (o->stop_after || (o->emit && emit_find(o->emit)->needs != EMIT_NEEDS_CODE)) {
        return report_error(EXIT_USAGE, "--weights become part of an object; what is asked for "
                                        "here does not hold any");
    }
    if (out->embedding == BUILD_EMBED_PACKED && build_request_mode(o) != CHOICE_INFER) {
        return report_error(EXIT_USAGE, "--embed=packed is for --mode infer: training starts from "
                                        "--embed=plain");
    }
    return EXIT_OK;
}

ExitCode build_request_report(const Build *b, BuildStatus status)
{
    static const ExitCode codes[] = {[BUILD_OK] = EXIT_OK,
                                     [BUILD_MODEL] = EXIT_MODEL,
                                     [BUILD_USAGE] = EXIT_USAGE,
                                     [BUILD_ENVIRONMENT] = EXIT_ENVIRONMENT};
    if (status == BUILD_OK) {
        return EXIT_OK;
    }
    const BuildError *error = build_error(b);
    if (error->has_places) {
        fputs(error->text, stderr);
        return codes[status];
    }
    return report_error(codes[status], "%s", error->text);
}

ExitCode build_request_start(Arena *a, const Options *o, const BuildRequest *request, Build **out)
{
    BuildStatus status = build_start(a, request, out);
    ExitCode code = build_request_report(*out, status);
    return code == EXIT_OK ? outputs_check_sources(a, o, *out) : code;
}
