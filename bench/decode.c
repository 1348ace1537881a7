/* decode.c: the time of one picture, read and made ready for a network, on one thread; for
 * decode.py. usage: decode REPEATS FILE...   Prints per file: milliseconds to decode, milliseconds
 * with resize(256), crop to 224 and normalisation. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "resnetc/pictures.h"

#define SIDE 224

static double milliseconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

/* The shortest of `repeats` times. image NULL: only decoded. */
static double measure(const char *path, int repeats, const RnTransform *t, float *image)
{
    RnTransformScratch scratch = {0};
    RnError err;
    double best = 1e30;
    for (int i = 0; i < repeats; i++) {
        RnPicture picture;
        double start = milliseconds();
        if (rn_picture_read(path, 3, &picture, &err) != RN_OK ||
            (image && rn_transform_run(t, NULL, NULL, &picture, image, &scratch, &err) != RN_OK)) {
            fprintf(stderr, "%s\n", err.text);
            exit(1);
        }
        rn_picture_free(&picture);
        double took = milliseconds() - start;
        best = took < best ? took : best;
    }
    rn_transform_scratch_free(&scratch);
    return best;
}

int main(int argc, char **argv)
{
    static float image[3 * SIDE * SIDE];
    const RnPreprocess stated = {.resize_shorter = 256,
                                 .centre_crop = 1,
                                 .normalize = 1,
                                 .mean = {0.485, 0.456, 0.406},
                                 .std = {0.229, 0.224, 0.225}};
    RnTransform t;
    rn_transform_init(&t, 3, SIDE, SIDE, &stated);
    for (int i = 2; i < argc; i++) {
        printf("%.4f %.4f\n", measure(argv[i], atoi(argv[1]), &t, NULL),
               measure(argv[i], atoi(argv[1]), &t, image));
    }
    return 0;
}
