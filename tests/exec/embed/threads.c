/* threads.c: two models in one program, each run by several threads at once; all must agree. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "other.h"
#include "resnetc/model_abi.h"
#include "toy.h"

#define THREADS 4
#define ROUNDS 20
#define BATCH 2

static float toy_logits[THREADS][BATCH * TOY_OUTPUT_ELEMENTS];
static float other_logits[THREADS][BATCH * OTHER_OUTPUT_ELEMENTS];

static void fill(float *to, size_t bytes, float least)
{
    for (size_t i = 0; i < bytes / sizeof *to; i++) {
        to[i] = (float)(i * 37 % 101) / 200.0f + least;
    }
}

static char *block_of(size_t bytes, char **block)
{
    *block = calloc(1, bytes + 64);
    if (!*block) {
        abort();
    }
    return *block + (64 - (uintptr_t)*block % 64) % 64;
}

static void *run(void *argument)
{
    size_t thread = *(const size_t *)argument;
    char *toy_block, *other_block;
    void *toy_base[TOY_REGION_COUNT], *other_base[OTHER_REGION_COUNT];
    void *toy_scratch = toy_bind(block_of(TOY_MEMORY_BYTES(BATCH), &toy_block), BATCH, toy_base);
    void *other_scratch =
        other_bind(block_of(OTHER_MEMORY_BYTES(BATCH), &other_block), BATCH, other_base);
    fill(toy_base[RN_REGION_PARAMS], TOY_PARAMS_BYTES, -0.25f);
    fill(toy_base[RN_REGION_STATE], TOY_STATE_BYTES, 0.5f);
    fill(other_base[RN_REGION_PARAMS], OTHER_PARAMS_BYTES, -0.25f);
    for (int round = 0; round < ROUNDS; round++) {
        fill(toy_base[TOY_IMAGE_REGION], TOY_IMAGE_BYTES(BATCH), 0.0f);
        fill(other_base[OTHER_IMAGE_REGION], OTHER_IMAGE_BYTES(BATCH), 0.0f);
        toy_prepare(toy_base, toy_scratch);
        other_prepare(other_base, other_scratch);
        toy_infer(toy_base, BATCH, toy_scratch);
        other_infer(other_base, BATCH, other_scratch);
    }
    memcpy(toy_logits[thread], toy_base[TOY_OUTPUT_REGION], sizeof toy_logits[thread]);
    memcpy(other_logits[thread], other_base[OTHER_OUTPUT_REGION], sizeof other_logits[thread]);
    free(toy_block);
    free(other_block);
    return NULL;
}

int main(void)
{
    pthread_t threads[THREADS];
    size_t number[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        number[i] = i;
        if (pthread_create(&threads[i], NULL, run, &number[i]) != 0) {
            return 1;
        }
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (size_t i = 1; i < THREADS; i++) {
        if (memcmp(toy_logits[0], toy_logits[i], sizeof toy_logits[0]) != 0 ||
            memcmp(other_logits[0], other_logits[i], sizeof other_logits[0]) != 0) {
            puts("threads disagree");
            return 2;
        }
    }
    if (toy_logits[0][0] == toy_logits[0][1] || other_logits[0][0] == other_logits[0][1]) {
        return 3;
    }
    puts("threads agree");
    return 0;
}
