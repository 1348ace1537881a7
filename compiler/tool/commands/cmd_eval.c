// cmd_eval.c: accuracy and mean loss of given weights on a data set.
#include "tool/cli/commands.h"

#include <stdio.h>

#include "tool/cli/messages.h"
#include "tool/commands/loaded_model.h"
#include "tool/commands/open_data.h"
#include "tool/commands/weights_option.h"

#define DEFAULT_BATCH 64

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
    DataReading reading = {.options = o};
    OpenedData data;
    ExitCode code = data_open_scored(&reading, &data);
    if (code != EXIT_OK) {
        return code;
    }
    uint32_t batch = o->batch ? (uint32_t)o->batch : DEFAULT_BATCH;
    LoadedModel m;
    code = session_start(a, o, &m);
    if (code == EXIT_OK) {
        code = session_check_data(&m, data.set, o->data);
    }
    if (code == EXIT_OK) {
        code = session_compile(o, RN_MODE_INFER, batch, false, &m);
    }
    if (code == EXIT_OK) {
        code = weights_compare_names(a, o, data.set->class_names, data.set->classes);
    }
    if (code == EXIT_OK) {
        code = evaluate(&m, o, data.set, batch);
    }
    session_unload(&m);
    data_close(&data);
    return code;
}
