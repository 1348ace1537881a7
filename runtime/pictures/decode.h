// decode.h: what the two decoders share. Private to the pictures library.
#ifndef RUNTIME_PICTURES_DECODE_H
#define RUNTIME_PICTURES_DECODE_H

#include "resnetc/pictures.h"

/// A file in memory, and what is wanted of it.
typedef struct Source {
    const unsigned char *bytes;
    size_t size;
    const char *path;
    uint32_t channels;
} Source;

/// Checks the limits and allocates out's planes.
RnStatus decode_start(const Source *source, uint32_t height, uint32_t width, RnPicture *out,
                      RnError *err);

/// What a decoder's row holds.
typedef enum RowKind { ROW_GREY, ROW_RGB, ROW_CMYK } RowKind;

/// Writes a decoded row to planes: as it is, or grey spread to three channels, colours joined to
/// grey as Pillow does, CMYK (inverted, as Adobe writes it) turned into red, green and blue, which
/// changes the row.
void decode_row(RnPicture *out, uint32_t y, unsigned char *row, RowKind kind);

RnStatus decode_jpeg(const Source *source, RnPicture *out, RnError *err);
RnStatus decode_png(const Source *source, RnPicture *out, RnError *err);

#endif
