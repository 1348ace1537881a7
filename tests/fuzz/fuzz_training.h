// fuzz_training.h: what the fuzz targets of `resnetc train`'s own texts do with an input: recipes,
// and the notes in a checkpoint.
#ifndef FUZZ_TRAINING_H
#define FUZZ_TRAINING_H

#include <stddef.h>

// A recipe is taken, or refused with its line.
unsigned fuzz_recipe(const unsigned char *data, size_t size);
// Notes are taken or refused; what was taken says the same when it is written, read and written
// again.
unsigned fuzz_notes(const unsigned char *data, size_t size);

#endif
