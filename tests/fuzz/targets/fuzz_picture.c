// fuzz_picture.c: libFuzzer target of the picture decoders (tests/fuzz/README.md).
#include "fuzz/fuzz_readers.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    (void)fuzz_picture(data, size);
    return 0;
}
