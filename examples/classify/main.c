/* main.c: says what a JPEG or PNG picture shows. small.o holds network and weights. */
#include <math.h>
#include <stdio.h>

#include "resnetc/pictures.h"
#include "resnetc/runtime.h"
#include "small.h"

static const char *const names[] = {"t-shirt", "trouser", "pullover", "dress", "coat",
                                    "sandal",  "shirt",   "sneaker",  "bag",   "ankle boot"};

int main(int argc, char **argv)
{
    static _Alignas(SMALL_ALIGN) char workspace[SMALL_MEMORY_BYTES(1)];
    float image[SMALL_IMAGE_ELEMENTS], logits[SMALL_OUTPUT_ELEMENTS], sum = 0;
    RnError err = {.text = "usage: classify PICTURE"};
    RnPicture picture;
    RnTransform transform; /* to the size and range that the model states */
    RnTransformScratch scratch = {0};
    int best = 0;
    rn_transform_init(&transform, SMALL_IMAGE_C, SMALL_IMAGE_H, SMALL_IMAGE_W,
                      rn_model_preprocess(small_model(), 0));
    if (argc != 2 || rn_picture_read(argv[1], SMALL_IMAGE_C, &picture, &err) != RN_OK ||
        rn_transform_run(&transform, NULL, NULL, &picture, image, &scratch, &err) != RN_OK) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    rn_picture_free(&picture);
    rn_transform_scratch_free(&scratch);
    if (small_predict(image, logits, workspace, sizeof workspace, 1) != RN_OK) {
        fprintf(stderr, "small.o is for another machine (%s)\n", SMALL_ISA);
        return 3;
    }
    for (int k = 1; k < SMALL_OUTPUT_ELEMENTS; k++) {
        best = logits[k] > logits[best] ? k : best;
    }
    for (int k = 0; k < SMALL_OUTPUT_ELEMENTS; k++) {
        sum += expf(logits[k] - logits[best]);
    }
    printf("%s, %.1f%%\n", names[best], (double)(100 / sum)); /* softmax's largest */
    return 0;
}
