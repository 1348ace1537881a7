/* infer.c: inference with the generated header alone. C99 and C++. Prints the logits' bits. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "toy.h"

int main(void)
{
    const uint32_t batch = 3;
    char *block = (char *)calloc(1, TOY_MEMORY_BYTES(batch) + TOY_ALIGN);
    if (!block) {
        return 1;
    }
    char *memory = block + (TOY_ALIGN - (uintptr_t)block % TOY_ALIGN) % TOY_ALIGN;
    void *base[TOY_REGION_COUNT];
    void *scratch = toy_bind(memory, batch, base);
    float *params = (float *)base[RN_REGION_PARAMS], *state = (float *)base[RN_REGION_STATE];
    float *images = (float *)base[TOY_IMAGE_REGION];
    size_t i;
    for (i = 0; i < TOY_PARAMS_BYTES / sizeof *params; i++) {
        params[i] = (float)(i * 37 % 101) / 200.0f - 0.25f;
    }
    for (i = 0; i < TOY_STATE_BYTES / sizeof *state; i++) {
        state[i] = 0.5f + (float)(i % 3);
    }
    for (i = 0; i < batch * TOY_IMAGE_ELEMENTS; i++) {
        images[i] = (float)(i * 53 % 97) / 97.0f;
    }
    toy_prepare(base, scratch);
    toy_infer(base, batch, scratch);
    const float *logits = (const float *)base[TOY_OUTPUT_REGION];
    for (i = 0; i < batch * TOY_OUTPUT_ELEMENTS; i++) {
        uint32_t bits;
        memcpy(&bits, &logits[i], 4);
        printf("%08x %g\n", (unsigned)bits, (double)logits[i]);
    }
    free(block);
    return 0;
}
