// fuzz_safetensors.c: libFuzzer target of the safetensors reader (tests/fuzz/README.md).
#include "fuzz/fuzz_readers.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    (void)fuzz_safetensors(data, size);
    return 0;
}
