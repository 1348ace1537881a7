// fuzz_npy.c: libFuzzer target of the npy reader (tests/fuzz/README.md).
#include "fuzz/fuzz_readers.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    (void)fuzz_npy(data, size);
    return 0;
}
