// cmd_eval.c: accuracy and mean loss of given weights on a data set.
#include "tool/cli/commands.h"

#include <stdio.h>

#include "tool/cli/messages.h"
#include "tool/commands/loaded_model.h"

#define DEFAULT_BATCH 64

// The test split where the data set has one.
static ExitCode open_test_data(Arena *a, const Options *o, RnDataset **out)
{
    ExitCode code = session_open_data(a, o, RN_SPLIT_TEST, out);
    if (code == EXIT_OK && !*out) {
        code = session_open_data(a, o, RN_SPLIT_TRAIN, out);
    }
    return code;
}

static ExitCode evaluate(LoadedModel *m, const Options *o, RnDataset *data, uint32_t batch)
{
    Score score;
    ExitCode code = session_score(m, data, batch, "eval", &score, NULL);
    if (code != EXIT_OK) {
        return code;
    }
    double accuracy = (double)score.correct / (double)score.count;
    double loss = score.loss_sum / (double)score.count;
    char text[2][32];
    int n = o->json ? printf("{\"count\": %llu, \"accuracy\": %s, \"loss\": %s}\n",
                             (unsigned long long)score.count, json_number(accuracy, 9, text[0]),
                             json_number(loss, 9, text[1]))
                    : printf("accuracy %.4f, loss %.6f on %llu pictures\n", accuracy, loss,
                             (unsigned long long)score.count);
    if (n < 0 || fflush(stdout) != 0) {
        return report_error(EXIT_ENVIRONMENT, "cannot write to standard output");
    }
    return EXIT_OK;
}

ExitCode cmd_eval(Arena *a, const Options *o)
{
    RnDataset *data;
    ExitCode code = open_test_data(a, o, &data);
    if (code != EXIT_OK) {
        return code;
    }
    uint32_t batch = o->batch ? (uint32_t)o->batch : DEFAULT_BATCH;
    LoadedModel m;
    code = session_start(a, o, &m);
    if (code == EXIT_OK) {
        code = session_check_data(&m, data, o->data);
    }
    if (code == EXIT_OK) {
        code = session_compile(o, RN_MODE_INFER, batch, false, &m);
    }
    if (code == EXIT_OK) {
        code = evaluate(&m, o, data, batch);
    }
    session_unload(&m);
    rn_dataset_close(data);
    return code;
}
