/* main.c: inference with the generated header alone: params.bin, pictures -> logits. See README.md. */
#include <stdio.h>
#include <stdlib.h>
#include "small.h"

int main(void)
{
    void *memory = aligned_alloc(SMALL_ALIGN, SMALL_MEMORY_BYTES(1));
    void *base[SMALL_REGION_COUNT];
    void *scratch = memory ? small_bind(memory, 1, base) : NULL;
    FILE *f = fopen("params.bin", "rb"); /* parameters, then running statistics, as f32 */
    if (!scratch || !f || fread(base[RN_REGION_PARAMS], SMALL_PARAMS_BYTES, 1, f) != 1 ||
        fread(base[RN_REGION_STATE], SMALL_STATE_BYTES, 1, f) != 1) {
        return 1;
    }
    if (small_prepare(base, scratch) != RN_OK) {
        return 1;
    }
    float *picture = base[SMALL_IMAGE_REGION];
    while (fread(picture, sizeof *picture, SMALL_IMAGE_ELEMENTS, stdin) == SMALL_IMAGE_ELEMENTS) {
        if (small_infer(base, 1, scratch) != RN_OK) {
            return 1;
        }
        const float *logits = base[SMALL_OUTPUT_REGION];
        for (int k = 0; k < SMALL_OUTPUT_ELEMENTS; k++) {
            printf("%g%c", (double)logits[k], k + 1 < SMALL_OUTPUT_ELEMENTS ? ' ' : '\n');
        }
    }
    return 0;
}
