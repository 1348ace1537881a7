// fuzz_dsl.h: what the fuzz target of the language does with an input: any bytes as a .rn file.
#ifndef FUZZ_DSL_H
#define FUZZ_DSL_H

#include <stddef.h>

// No crash, no hang; what parses prints back as itself; a graph or messages, never both.
unsigned fuzz_dsl(const unsigned char *data, size_t size);

#endif
