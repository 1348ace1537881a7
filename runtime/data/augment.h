// augment.h: what augmentation draws for one picture. Private to the runtime.
#ifndef RUNTIME_DATA_AUGMENT_H
#define RUNTIME_DATA_AUGMENT_H

#include "resnetc/picture.h"

/// A rectangle of a picture.
typedef struct Window {
    uint32_t top, left, height, width;
} Window;

bool rni_augment_flip(const RnDraw *draw);
/// Uniform in -border .. border; axis 0: rows, 1: columns.
int64_t rni_augment_shift(const RnDraw *draw, uint32_t border, unsigned axis);
/// The part of a height x width picture that random resized cropping takes.
Window rni_augment_window(const RnDraw *draw, uint32_t height, uint32_t width);

#endif
