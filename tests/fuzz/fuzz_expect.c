// fuzz_expect.c: a claim that fails ends the process.
#include "fuzz/fuzz_expect.h"

#include <stdlib.h>

void fuzz_expect(int claim)
{
    if (!claim) {
        abort();
    }
}
