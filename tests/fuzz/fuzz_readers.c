// fuzz_readers.c: the runtime's readers given any bytes.
#include "fuzz/fuzz_readers.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz_expect.h"
#include "resnetc/pictures.h"
#include "resnetc/tensor_io.h"
#include "runtime/data/cifar.h"
#include "runtime/data/idx.h"
#include "runtime/tensors/json_text.h"
#include "runtime/tensors/name_map.h"
#include "runtime/tensors/shards.h"

// Accepted, or refused with a text that begins with the input's name (and a line).
static void fuzz_check_status(RnStatus status, const RnError *err)
{
    fuzz_expect(status == RN_OK || ((status == RN_ERR_INPUT || status == RN_ERR_MEMORY) &&
                                    strncmp(err->text, "input:", 6) == 0));
}

// Sum of bytes, so that every one of them is read.
static unsigned fuzz_sum(const void *data, size_t bytes)
{
    const unsigned char *p = data;
    unsigned sum = 0;
    for (size_t i = 0; i < bytes; i++) {
        sum += p[i];
    }
    return sum;
}

unsigned fuzz_npy(const unsigned char *data, size_t size)
{
    unsigned sum = 0;
    for (int kind = RN_NPY_FLOAT; kind <= RN_NPY_INT; kind++) {
        RnNpy a;
        RnError err = {0};
        RnStatus status = rn_npy_parse(data, size, "input", (RnNpyKind)kind, &a, &err);
        fuzz_check_status(status, &err);
        if (status == RN_OK) {
            sum += fuzz_sum(kind == RN_NPY_FLOAT ? (const void *)a.f32 : (const void *)a.i64,
                            a.elements * (kind == RN_NPY_FLOAT ? 4 : 8));
        }
        rn_npy_free(&a);
    }
    return sum;
}

unsigned fuzz_safetensors(const unsigned char *data, size_t size)
{
    RnTensorFile *file = NULL;
    RnError err = {0};
    RnStatus status = rn_tensor_file_parse(data, size, "input", &file, &err);
    unsigned sum = 0;
    fuzz_check_status(status, &err);
    for (size_t i = 0; status == RN_OK && i < rn_tensor_file_count(file); i++) {
        const RnFileTensor *t = rn_tensor_file_at(file, i);
        fuzz_expect(rn_tensor_file_find(file, t->name) == t);
        sum += fuzz_sum(t->data, t->bytes) + (unsigned)strlen(t->dtype);
    }
    rn_tensor_file_close(file);
    ShardList shards;
    if (rni_shards_is_index(data, size)) {
        status = rni_shards_parse(data, size, "input", &shards, &err);
        fuzz_check_status(status, &err);
        for (size_t i = 0; status == RN_OK && i < shards.count; i++) {
            fuzz_expect(strchr(shards.files[i], '/') == NULL);
        }
        rni_shards_free(&shards);
    }
    (void)rni_json_valid((const char *)data, size);
    return sum;
}

unsigned fuzz_picture(const unsigned char *data, size_t size)
{
    unsigned sum = 0;
    const RnPreprocess steps = {.resize_shorter = 6, .centre_crop = 1};
    for (uint32_t channels = 1; channels <= 3; channels += 2) {
        RnPicture p;
        RnError err = {0};
        RnStatus status = rn_picture_decode(data, size, "input", channels, &p, &err);
        fuzz_check_status(status, &err);
        if (status != RN_OK) {
            continue;
        }
        sum += fuzz_sum(p.pixels, (size_t)channels * p.height * p.width);
        RnTransform t;
        RnTransformScratch scratch = {0};
        float image[3 * 5 * 5];
        rn_transform_init(&t, channels, 5, 5, &steps);
        status = rn_transform_run(&t, NULL, NULL, &p, image, &scratch, &err);
        fuzz_expect(status == RN_OK || status == RN_ERR_INPUT || status == RN_ERR_MEMORY);
        rn_transform_scratch_free(&scratch);
        rn_picture_free(&p);
    }
    return sum;
}

unsigned fuzz_cifar(const unsigned char *data, size_t size)
{
    unsigned sum = 0;
    for (int kind = CIFAR_10; kind <= CIFAR_100; kind++) {
        CifarFile file;
        RnError err = {0};
        RnStatus status = rni_cifar_parse(data, size, "input", (CifarKind)kind, &file, &err);
        fuzz_check_status(status, &err);
        uint8_t *pixels = malloc((size_t)file.count * CIFAR_PIXELS + 1);
        uint32_t *labels = calloc((size_t)file.count + 1, sizeof *labels);
        fuzz_expect(pixels != NULL && labels != NULL);
        if (status == RN_OK) {
            rni_cifar_copy(&file, pixels, labels);
        }
        for (uint32_t i = 0; status == RN_OK && i < file.count; i++) {
            sum += labels[i] + pixels[(size_t)i * CIFAR_PIXELS];
        }
        free(pixels);
        free(labels);
    }
    return sum;
}

unsigned fuzz_idx(const unsigned char *data, size_t size)
{
    unsigned sum = 0;
    for (uint32_t rank = 1; rank <= 4; rank++) {
        Idx idx;
        RnError err = {0};
        RnStatus status = rni_idx_parse(data, size, "input", rank, &idx, &err);
        fuzz_check_status(status, &err);
        size_t bytes = 1;
        for (uint32_t i = 0; i < rank; i++) {
            bytes *= idx.dim[i];
        }
        if (status == RN_OK) {
            sum += fuzz_sum(idx.data, bytes);
        }
    }
    return sum;
}

// A file of two tensors, for rename tables to work on.
static RnTensorFile *fuzz_two_tensors(void)
{
    static const char header[] = "{\"fc.weight\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":"
                                 "[0,4]},\"fc.bias\":{\"dtype\":\"F32\",\"shape\":[1],"
                                 "\"data_offsets\":[4,8]}}";
    unsigned char bytes[8 + sizeof header - 1 + 8] = {sizeof header - 1};
    memcpy(bytes + 8, header, sizeof header - 1);
    RnTensorFile *file = NULL;
    fuzz_expect(rn_tensor_file_parse(bytes, sizeof bytes, "input", &file, NULL) == RN_OK);
    return file;
}

unsigned fuzz_name_map(const unsigned char *data, size_t size)
{
    NameMap *map = NULL;
    RnError err = {0};
    unsigned sum = 0;
    RnStatus status = rni_name_map_parse(data, size, "input", &map, &err);
    fuzz_check_status(status, &err);
    if (status != RN_OK) {
        return 0;
    }
    RnTensorFile *file = fuzz_two_tensors();
    status = rni_name_map_apply(map, file, &err);
    fuzz_check_status(status, &err);
    for (size_t i = 0; status == RN_OK && i < rn_tensor_file_count(file); i++) {
        sum += (unsigned)strlen(rn_tensor_file_at(file, i)->name);
    }
    rni_name_map_free(map);
    rn_tensor_file_close(file);
    return sum;
}
