// picture.h: from a picture of 8 bits per channel to what a model takes: size, crop, augmentation,
// normalisation. Not here: files of pictures (pictures.h, a library of its own), data sets
// (data.h).
#ifndef RESNETC_PICTURE_H
#define RESNETC_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resnetc/model_abi.h"
#include "resnetc/status.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { RN_PICTURE_MAX_SIDE = 32768 };

/// One picture, planes of bytes.
typedef struct RnPicture {
    uint32_t channels, height, width; // channels: 1 (grey) or 3 (red, green, blue)
    const uint8_t *pixels;            // u8 [channels, height, width], malloc()ed or borrowed
} RnPicture;

/// Frees pixels that were malloc()ed for this picture. Accepts a zeroed one.
void rn_picture_free(RnPicture *picture);

/// Resizes 8-bit planes as Pillow's Image.resize(..., BILINEAR) does, bit for bit: two passes of a
/// triangle filter, widened when shrinking, in fixed point, rounded to 8 bits after each.
/// Only the part that is wanted is computed, so a plane may become larger than memory.
typedef struct RnResizer RnResizer;
typedef struct RnResize {
    uint32_t in_h, in_w, out_h, out_w;
    uint32_t top, left, height, width; // the part of the resized plane
} RnResize;
/// RN_ERR_USAGE when a side of what is read or made is 0 or above RN_PICTURE_MAX_SIDE, or the part
/// does not lie inside.
RnStatus rn_resizer_create(const RnResize *sizes, RnResizer **out, RnError *err);
void rn_resizer_destroy(RnResizer *resizer); // accepts NULL
/// Bytes of scratch one call needs.
size_t rn_resizer_scratch_bytes(const RnResizer *resizer);
/// in: u8 [in_h, in_w]; out: u8 [height, width]. May run on several threads at once.
void rn_resizer_run(const RnResizer *resizer, const uint8_t *in, uint8_t *out, uint8_t *scratch);

/// How a picture becomes an image: what torchvision does by Resize, CenterCrop, ToTensor and
/// Normalize on a PIL picture, bit for bit.
typedef struct RnTransform {
    uint32_t channels, height, width;      // of the image
    uint32_t resize_shorter;               // 0: no
    uint32_t resize_height, resize_width;  // 0: no
    bool centre_crop;                      // to height x width; black where the picture is smaller
    float value[RN_PICTURE_CHANNELS][256]; // of channel and byte: (v / 255 - mean) / std
} RnTransform;

/// For an input of channels x height x width; preprocess as the model states it, or NULL: then a
/// picture must have the image's size, and v becomes v / 255. channels must be 1 or 3 for pictures
/// (anything else can be held by data sets of plain numbers only).
void rn_transform_init(RnTransform *t, uint32_t channels, uint32_t height, uint32_t width,
                       const RnPreprocess *preprocess);

/// What training varies. A picture's variation is a function of seed, epoch and number alone.
typedef struct RnAugment {
    bool flip;         // left and right exchanged, every second time
    uint32_t crop;     // a random shift by up to so many pixels each way over the (resized)
                       // picture, black only where it ends; 0: no
    bool resized_crop; // part of the picture, 8% to 100% of its area, sides 3:4 to 4:3, brought to
                       // the image's size (Szegedy et al. 2015, as torchvision's
                       // RandomResizedCrop): in place of resize and crop
} RnAugment;

/// Reads "flip,crop=4", "flip,rrc" or "none" (RN_ERR_USAGE with the reason otherwise).
RnStatus rn_augment_parse(const char *text, RnAugment *out, RnError *err);

/// Which picture of which epoch is being varied.
typedef struct RnDraw {
    uint64_t seed, epoch, picture;
} RnDraw;

/// Working memory of one thread; zero is a valid empty one. Free with rn_transform_scratch_free.
typedef struct RnTransformScratch {
    RnResizer *resizer;
    RnResize resize; // the resizer's
    uint8_t *bytes;
    size_t size;
} RnTransformScratch;
void rn_transform_scratch_free(RnTransformScratch *scratch);

/// Writes picture to image, f32 [channels, height, width]. augment NULL: none (draw is not used).
/// RN_ERR_INPUT when the picture has other channels, or another size and nothing says how to change
/// it.
RnStatus rn_transform_run(const RnTransform *t, const RnAugment *augment, const RnDraw *draw,
                          const RnPicture *picture, float *image, RnTransformScratch *scratch,
                          RnError *err);

#ifdef __cplusplus
}
#endif
#endif
