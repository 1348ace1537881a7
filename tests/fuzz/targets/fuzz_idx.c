// fuzz_idx.c: libFuzzer target of the idx reader (tests/fuzz/README.md).
#include "fuzz/fuzz_readers.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    (void)fuzz_idx(data, size);
    return 0;
}
