/* main.c: says what is on a picture: reads weights and a grey 28x28 PGM, prints the three likeliest classes. */
#include <math.h>
#include <stdio.h>

#include "resnetc/runtime.h"
#include "resnetc/weights.h"
#include "small.h"

static const char *const names[] = {"t-shirt", "trouser", "pullover", "dress", "coat",
                                    "sandal",  "shirt",   "sneaker",  "bag",   "ankle boot"};

int main(int argc, char **argv)
{
    RnError err;
    RnSession *session;
    unsigned char pixels[SMALL_IMAGE_ELEMENTS];
    float image[SMALL_IMAGE_ELEMENTS], logits[SMALL_OUTPUT_ELEMENTS], sum = 0;
    FILE *f = argc == 3 ? fopen(argv[2], "rb") : NULL;
    if (!f || fscanf(f, "P5 28 28 255%*1[\n]") != 0 || fread(pixels, sizeof pixels, 1, f) != 1) {
        fprintf(stderr, "usage: classify WEIGHTS.safetensors PICTURE.pgm (28x28, grey)\n");
        return 2;
    }
    fclose(f);
    for (int i = 0; i < SMALL_IMAGE_ELEMENTS; i++)
        image[i] = pixels[i] / 255.0f;
    const float *in = image;
    float *out = logits;
    if (rn_session_open(&rn_model_small, NULL, &session, &err) != RN_OK ||
        rn_weights_load(session, argv[1], &err) != RN_OK ||
        rn_infer(session, &in, 1, &out, &err) != RN_OK) {
        fprintf(stderr, "%s\n", err.text);
        return rn_status_exit_code(err.status);
    }
    for (int k = 0; k < SMALL_OUTPUT_ELEMENTS; k++)
        sum += logits[k] = expf(logits[k]); /* softmax, to be divided by the sum */
    for (int place = 0; place < 3; place++) {
        int best = 0;
        for (int k = 1; k < SMALL_OUTPUT_ELEMENTS; k++)
            best = logits[k] > logits[best] ? k : best;
        printf("%5.1f%%  %s\n", (double)(100 * logits[best] / sum), names[best]);
        logits[best] = 0;
    }
    rn_session_close(session);
    return 0;
}
