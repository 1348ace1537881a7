// fuzz_recipe.c: libFuzzer target of recipes (tests/fuzz/README.md).
#include "fuzz/fuzz_training.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    (void)fuzz_recipe(data, size);
    return 0;
}
