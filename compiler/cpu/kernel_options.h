// kernel_options.h: what the user may ask of the choice of kernels.
#ifndef CPU_KERNEL_OPTIONS_H
#define CPU_KERNEL_OPTIONS_H

#include <stdbool.h>

typedef struct KernelOptions {
    bool exact;         // no Winograd
    bool optimize_size; // none whose packed weights are larger than the weights
} KernelOptions;

#endif
