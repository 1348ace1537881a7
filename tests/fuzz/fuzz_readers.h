// fuzz_readers.h: what each fuzz target of the runtime's readers does with an input. Whatever the
// bytes, a reader must accept or refuse with a text; what it accepts must be readable to its last
// byte.
#ifndef FUZZ_READERS_H
#define FUZZ_READERS_H

#include <stddef.h>

// Each gives a number that depends on all that was read.
unsigned fuzz_npy(const unsigned char *data, size_t size);
unsigned fuzz_safetensors(const unsigned char *data, size_t size);
// A picture is decoded, and becomes an image of a few pixels.
unsigned fuzz_picture(const unsigned char *data, size_t size);
unsigned fuzz_cifar(const unsigned char *data, size_t size);
unsigned fuzz_idx(const unsigned char *data, size_t size);
unsigned fuzz_name_map(const unsigned char *data, size_t size);

#endif
