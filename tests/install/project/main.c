/* main.c: trains one model for some steps and infers with another, by the runtime. */
#include <stdio.h>

#include "net.h"
#include "resnetc/data.h"
#include "resnetc/optimizer.h"
#include "resnetc/runtime.h"
#include "shipped.h"

static int fail(const RnError *err)
{
    fprintf(stderr, "%s\n", err->text);
    return 1;
}

int main(void)
{
    static float images[8 * NET_IMAGE_ELEMENTS], picture[SHIPPED_IMAGE_ELEMENTS];
    static float logits[SHIPPED_OUTPUT_ELEMENTS];
    const float *in = images, *one = picture;
    uint32_t labels[8];
    float *out = logits;
    RnError err;
    RnSession *net, *other;
    RnOptimizer *sgd;
    RnOptimizerConfig config = {.kind = RN_OPTIMIZER_SGD, .momentum = 0.9};
    for (uint32_t i = 0; i < 8 * NET_IMAGE_ELEMENTS; i++) {
        images[i] = (float)(i * 37 % 101) / 101.0f;
    }
    for (uint32_t i = 0; i < 8; i++) {
        labels[i] = i % NET_OUTPUT_ELEMENTS;
    }
    if (rn_session_open(net_model(), NULL, &net, &err) != RN_OK) {
        return fail(&err);
    }
    rn_init_params(net, 1, 0);
    if (rn_optimizer_create(net, &config, &sgd, &err) != RN_OK) {
        return fail(&err);
    }
    double first = 0, last = 0;
    for (int step = 0; step < 30; step++) {
        RnTrainBatch batch = {.inputs = &in, .labels = labels, .batch = 8};
        RnTrainResult result;
        if (rn_forward_backward(net, &batch, &result, &err) != RN_OK ||
            rn_optimizer_step(sgd, net, 0.05, &err) != RN_OK) {
            return fail(&err);
        }
        first = step == 0 ? result.loss : first;
        last = result.loss;
    }
    if (rn_session_open(shipped_model(), NULL, &other, &err) != RN_OK) {
        return fail(&err);
    }
    rn_init_params(other, 1, 0);
    if (rn_infer(other, &one, 1, &out, &err) != RN_OK) {
        return fail(&err);
    }
    printf("%d classes, loss %s, %d logits\n", NET_OUTPUT_ELEMENTS,
           last < first ? "fell" : "did not fall", SHIPPED_OUTPUT_ELEMENTS);
    rn_optimizer_destroy(sgd);
    rn_session_close(net);
    rn_session_close(other);
    return 0;
}
