// kernel_options.h: what the user may ask of the choice of kernels.
#ifndef CODEGEN_KERNEL_OPTIONS_H
#define CODEGEN_KERNEL_OPTIONS_H

#include <stdbool.h>

typedef struct KernelOptions {
    bool exact;         // direct algorithms only
    bool optimize_size; // prefer small packed weights
} KernelOptions;

#endif
