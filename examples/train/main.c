/* main.c: trains a network on Fashion-MNIST from C, tests it, saves its weights. argv[1]: steps. */
#include <stdio.h>
#include <stdlib.h>

#include "resnetc/data.h"
#include "resnetc/optimizer.h"
#include "resnetc/runtime.h"
#include "resnetc/weights.h"
#include "small.h"

enum { BATCH = 64, TESTED = 640 };

#define TRY(call)                                                                                  \
    if ((call) != RN_OK) {                                                                         \
        fprintf(stderr, "%s\n", err.text);                                                         \
        return rn_status_exit_code(err.status);                                                    \
    }

static unsigned count_right(const float *logits, const uint32_t *labels, uint32_t count)
{
    unsigned right = 0;
    for (uint32_t i = 0; i < count; i++) {
        const float *x = logits + i * SMALL_OUTPUT_ELEMENTS;
        uint32_t best = 0;
        for (uint32_t k = 1; k < SMALL_OUTPUT_ELEMENTS; k++) {
            best = x[k] > x[best] ? k : best;
        }
        right += best == labels[i];
    }
    return right;
}

int main(int argc, char **argv)
{
    long steps = argc > 1 ? atol(argv[1]) : 1000;
    RnError err;
    RnSession *session;
    RnOptimizer *sgd;
    RnDataset *train, *test;
    RnLoader *loader, *tests;
    RnBatch b;
    RnOptions options = {.max_batch = BATCH};
    RnOptimizerConfig config = {.kind = RN_OPTIMIZER_SGD, .momentum = 0.9};
    TRY(rn_session_open(small_model(), &options, &session, &err))
    rn_init_params(session, 1, 0);
    TRY(rn_optimizer_create(session, &config, &sgd, &err))
    TRY(rn_dataset_open("fashion-mnist", RN_SPLIT_TRAIN, 0, &train, &err))
    TRY(rn_dataset_open("fashion-mnist", RN_SPLIT_TEST, 0, &test, &err))
    RnLoaderOptions order = {.batch = BATCH, .shuffle = true, .pool = rn_session_pool(session)};
    TRY(rn_loader_create(train, &order, &loader, &err))
    for (long step = 0; step < steps; step++) {
        RnTrainResult result;
        TRY(rn_loader_next(loader, &b, &err))
        RnTrainBatch batch = {.inputs = &b.images, .labels = b.labels, .batch = b.count};
        batch.step = (uint64_t)step; /* for dropout */
        TRY(rn_forward_backward(session, &batch, &result, &err))
        TRY(rn_optimizer_step(sgd, session, 0.02, &err))
        if (step % 50 == 0) {
            printf("step %ld: loss %.3f\n", step, result.loss);
        }
    }
    order.shuffle = false;
    TRY(rn_loader_create(test, &order, &tests, &err))
    static float logits[BATCH * SMALL_OUTPUT_ELEMENTS];
    float *out = logits;
    unsigned right = 0;
    for (unsigned seen = 0; seen < TESTED; seen += b.count) {
        TRY(rn_loader_next(tests, &b, &err))
        TRY(rn_infer(session, &b.images, b.count, &out, &err))
        right += count_right(logits, b.labels, b.count);
    }
    printf("%u of %d test pictures right\n", right, TESTED);
    TRY(rn_weights_save(session, "w.safetensors", &err))
    rn_loader_destroy(loader);
    rn_loader_destroy(tests);
    rn_dataset_close(train);
    rn_dataset_close(test);
    rn_optimizer_destroy(sgd);
    rn_session_close(session);
    return 0;
}
