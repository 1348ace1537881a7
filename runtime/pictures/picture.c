// picture.c: reads a picture, whatever its format. Not here: the formats (jpeg.c, png.c).
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pictures/decode.h"

RnStatus decode_start(const Source *s, uint32_t height, uint32_t width, RnPicture *out,
                      RnError *err)
{
    *out = (RnPicture){.channels = s->channels, .height = height, .width = width};
    if (height == 0 || width == 0 || height > RN_PICTURE_MAX_SIDE || width > RN_PICTURE_MAX_SIDE ||
        (uint64_t)height * width > RN_PICTURE_MAX_PIXELS) {
        return rn_fail(
            err, RN_ERR_INPUT,
            "%s: %ux%u pixels (height x width): a side has 1 to %d, a picture at most %d", s->path,
            height, width, RN_PICTURE_MAX_SIDE, RN_PICTURE_MAX_PIXELS);
    }
    out->pixels = malloc((size_t)s->channels * height * width);
    if (out->pixels == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory for %ux%u pixels", s->path, height,
                       width);
    }
    return RN_OK;
}

// ITU-R 601-2 luma in 16-bit fixed point, as Pillow's convert("L").
static uint8_t luma(unsigned r, unsigned g, unsigned b)
{
    return (uint8_t)((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16);
}

// a * b / 255, rounded; a, b within 0 .. 255.
static unsigned part(unsigned a, unsigned b)
{
    unsigned t = a * b + 128;
    return ((t >> 8) + t) >> 8;
}

// Inverted CMYK, 255 is no ink, in place: pixels become three bytes each.
static void cmyk_to_rgb(unsigned char *row, uint32_t width)
{
    unsigned char *to = row;
    for (uint32_t x = 0; x < width; x++, row += 4, to += 3) {
        unsigned light = row[3];
        for (int c = 0; c < 3; c++) {
            to[c] = (unsigned char)(light - part(255u - row[c], light));
        }
    }
}

// in: u8 [width, 3] -> the rows r, g, b of three planes
static void split_colours(const unsigned char *restrict in, uint32_t width, uint8_t *restrict r,
                          uint8_t *restrict g, uint8_t *restrict b)
{
    for (uint32_t x = 0; x < width; x++) {
        r[x] = in[3 * (size_t)x];
        g[x] = in[3 * (size_t)x + 1];
        b[x] = in[3 * (size_t)x + 2];
    }
}

void decode_row(RnPicture *out, uint32_t y, unsigned char *row, RowKind kind)
{
    size_t plane = (size_t)out->height * out->width;
    uint8_t *to = (uint8_t *)(uintptr_t)out->pixels + (size_t)y * out->width; // ours to fill
    if (kind == ROW_CMYK) {
        cmyk_to_rgb(row, out->width);
    }
    if (kind == ROW_GREY) {
        for (uint32_t c = 0; c < out->channels; c++) {
            memcpy(to + c * plane, row, out->width);
        }
    } else if (out->channels == 1) {
        for (uint32_t x = 0; x < out->width; x++) {
            to[x] = luma(row[3 * (size_t)x], row[3 * (size_t)x + 1], row[3 * (size_t)x + 2]);
        }
    } else {
        split_colours(row, out->width, to, to + plane, to + 2 * plane);
    }
}

// What other formats begin with, for a better message.
static const char *known_format(const unsigned char *bytes, size_t size)
{
    static const struct {
        const char *name, *magic;
        size_t at, bytes;
    } FORMATS[] = {
        {"GIF", "GIF8", 0, 4},
        {"BMP", "BM", 0, 2},
        {"WebP", "WEBP", 8, 4},
        {"TIFF", "II*\0", 0, 4},
        {"TIFF", "MM\0*", 0, 4},
        {"HEIF or AVIF", "ftyp", 4, 4},
        {"JPEG 2000", "\0\0\0\014jP", 0, 6},
    };
    for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++) {
        if (size >= FORMATS[i].at + FORMATS[i].bytes &&
            memcmp(bytes + FORMATS[i].at, FORMATS[i].magic, FORMATS[i].bytes) == 0) {
            return FORMATS[i].name;
        }
    }
    return NULL;
}

RnStatus rn_picture_decode(const void *bytes, size_t size, const char *path, uint32_t channels,
                           RnPicture *out, RnError *err)
{
    const Source s = {bytes, size, path, channels};
    *out = (RnPicture){0};
    if (channels != 1 && channels != 3) {
        return rn_fail(err, RN_ERR_INPUT, "%s: pictures have 1 or 3 channels, the model takes %u",
                       path, channels);
    }
    if (size >= 3 && memcmp(bytes, "\xFF\xD8\xFF", 3) == 0) {
        return decode_jpeg(&s, out, err);
    }
    if (size >= 8 && memcmp(bytes, "\x89PNG\r\n\x1A\n", 8) == 0) {
        return decode_png(&s, out, err);
    }
    const char *format = size == 0 ? "an empty file" : known_format(bytes, size);
    return rn_fail(err, RN_ERR_INPUT, "%s: neither JPEG nor PNG%s%s%s", path, format ? " (" : "",
                   format ? format : "", format ? ")" : "");
}

// Reads to the end, at most the limit and one byte.
static unsigned char *read_all(FILE *f, size_t *size)
{
    const size_t limit = (size_t)RN_PICTURE_MAX_FILE_BYTES + 1;
    size_t room = (size_t)1 << 16;
    unsigned char *bytes = malloc(room);
    *size = 0;
    while (bytes != NULL) {
        *size += fread(bytes + *size, 1, room - *size, f);
        if (*size < room || room == limit) {
            return bytes;
        }
        room = 2 * room < limit ? 2 * room : limit;
        unsigned char *more = realloc(bytes, room);
        if (more == NULL) {
            free(bytes);
        }
        bytes = more;
    }
    return NULL;
}

RnStatus rn_picture_read(const char *path, uint32_t channels, RnPicture *out, RnError *err)
{
    uint32_t orientation;
    return rn_picture_read_exif(path, channels, false, &orientation, out, err);
}

RnStatus rn_picture_read_exif(const char *path, uint32_t channels, bool apply,
                              uint32_t *orientation, RnPicture *out, RnError *err)
{
    *out = (RnPicture){0};
    *orientation = 1;
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return rn_fail(err, RN_ERR_IO, "%s: %s", path, strerror(errno));
    }
    size_t size;
    errno = 0;
    unsigned char *bytes = read_all(f, &size);
    RnStatus status = RN_OK;
    if (bytes == NULL) {
        status = rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", path);
    } else if (ferror(f)) {
        status = rn_fail(err, RN_ERR_IO, "%s: %s", path, strerror(errno));
    } else if (size > RN_PICTURE_MAX_FILE_BYTES) {
        status = rn_fail(err, RN_ERR_INPUT, "%s: holds more than the limit of %d bytes", path,
                         RN_PICTURE_MAX_FILE_BYTES);
    }
    fclose(f);
    if (status == RN_OK) {
        status = rn_picture_decode(bytes, size, path, channels, out, err);
        *orientation = rn_picture_orientation(bytes, size);
    }
    free(bytes);
    if (status == RN_OK && apply) {
        status = rn_picture_turn(out, *orientation, err);
    }
    if (status != RN_OK) {
        rn_picture_free(out);
    }
    return status;
}
