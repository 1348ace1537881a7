/* predict.c: an object that holds its weights: pictures from standard input, logits to standard output, as floats. C99 and
 * C++. PLAIN: the weights are not packed. */
#include <stdio.h>
#include <stdlib.h>
#include "toy.h"
#ifdef WITH_OTHER
#include "other.h"
#endif

#define BATCH 6
#define IN (BATCH * TOY_IMAGE_ELEMENTS)
#define OUT (BATCH * TOY_OUTPUT_ELEMENTS)

static void *memory(size_t bytes)
{
    char *block = (char *)calloc(1, bytes + TOY_ALIGN);
    if (!block) {
        exit(4);
    }
    return block + TOY_ALIGN - (uintptr_t)block % TOY_ALIGN;
}

#ifdef PLAIN
static void run(const float *pictures, float *logits)
{
    void *base[TOY_REGION_COUNT];
    void *scratch = toy_bind(memory(TOY_MEMORY_BYTES(BATCH)), BATCH, base);
    toy_prepare(base, scratch);
    memcpy(base[TOY_IMAGE_REGION], pictures, IN * sizeof(float));
    toy_infer(base, BATCH, scratch);
    memcpy(logits, base[TOY_OUTPUT_REGION], OUT * sizeof(float));
}
#else
/* In place, and from and to places that vectors cannot read. */
static void run(const float *pictures, float *logits)
{
    void *workspace = memory(TOY_MEMORY_BYTES(BATCH));
    float *odd_in = (float *)memory((IN + 1) * sizeof(float)) + 1;
    float *odd_out = (float *)memory((OUT + 1) * sizeof(float)) + 1;
    memcpy(odd_in, pictures, IN * sizeof(float));
    memset(workspace, 0xFF, TOY_MEMORY_BYTES(BATCH));
    if (toy_predict(pictures, logits, workspace, TOY_MEMORY_BYTES(BATCH), BATCH) != RN_OK ||
        toy_predict(odd_in, odd_out, workspace, TOY_MEMORY_BYTES(BATCH), BATCH) != RN_OK ||
        memcmp(odd_out, logits, OUT * sizeof(float)) != 0) {
        exit(5);
    }
}
#endif

int main(void)
{
    float *pictures = (float *)memory(IN * sizeof(float));
    float *logits = (float *)memory(OUT * sizeof(float));
    if (fread(pictures, sizeof(float), IN, stdin) != IN) {
        return 6;
    }
    run(pictures, logits);
#ifdef WITH_OTHER
    {
        /* Another model's weights between two runs change nothing. */
        float *x = (float *)memory(sizeof(float) * OTHER_IMAGE_ELEMENTS);
        float *y = (float *)memory(sizeof(float) * OTHER_OUTPUT_ELEMENTS);
        other_predict(x, y, memory(OTHER_MEMORY_BYTES(1)), OTHER_MEMORY_BYTES(1), 1);
        run(pictures, logits);
    }
#endif
    return fwrite(logits, sizeof(float), OUT, stdout) == OUT ? 0 : 7;
}
