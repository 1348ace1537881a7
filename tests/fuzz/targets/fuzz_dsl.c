// fuzz_dsl.c: libFuzzer target of the language (tests/fuzz/README.md).
#include "fuzz/fuzz_dsl.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    (void)fuzz_dsl(data, size);
    return 0;
}
