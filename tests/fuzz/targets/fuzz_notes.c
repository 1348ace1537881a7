// fuzz_notes.c: libFuzzer target of a checkpoint's notes (tests/fuzz/README.md).
#include "fuzz/fuzz_training.h"

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
    (void)fuzz_notes(data, size);
    return 0;
}
