// fuzz_cifar.c: libFuzzer target of the CIFAR reader (tests/fuzz/README.md).
#include "fuzz/fuzz_readers.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    (void)fuzz_cifar(data, size);
    return 0;
}
