// exif.c: how a camera was held: the orientation in a JPEG's or PNG's Exif block, and turning a picture
// accordingly (Exif 2.3, tag 0x0112).
#include <stdlib.h>
#include <string.h>

#include "pictures/decode.h"

enum { TAG_ORIENTATION = 0x0112, TYPE_SHORT = 3 };

// A TIFF structure in memory.
typedef struct Tiff {
    const unsigned char *at;
    size_t size;
    bool big_endian;
} Tiff;

static uint32_t read_number(const Tiff *t, size_t at, unsigned bytes)
{
    uint32_t v = 0;
    for (unsigned i = 0; i < bytes; i++) {
        v |= (uint32_t)t->at[at + i] << 8 * (t->big_endian ? bytes - 1 - i : i);
    }
    return v;
}

// "II" or "MM", 42, the place of the first directory: a count, then entries of tag, type, count and
// value, 12 bytes each.
static uint32_t orientation_of(Tiff t)
{
    if (t.size < 8 || (memcmp(t.at, "II", 2) != 0 && memcmp(t.at, "MM", 2) != 0)) {
        return 1;
    }
    t.big_endian = t.at[0] == 'M';
    size_t directory = read_number(&t, 4, 4);
    if (read_number(&t, 2, 2) != 42 || directory > t.size - 2) {
        return 1;
    }
    uint32_t entries = read_number(&t, directory, 2);
    for (size_t at = directory + 2; entries > 0 && at + 12 <= t.size; at += 12, entries--) {
        if (read_number(&t, at, 2) != TAG_ORIENTATION) {
            continue;
        }
        uint32_t value = read_number(&t, at + 8, 2);
        bool known = read_number(&t, at + 2, 2) == TYPE_SHORT && value >= 1 && value <= 8;
        return known ? value : 1;
    }
    return 1;
}

static uint32_t big_endian(const unsigned char *at, unsigned bytes)
{
    return read_number(&(Tiff){.at = at, .size = bytes, .big_endian = true}, 0, bytes);
}

// Segments FF, marker, length, content, until the picture's data (SOS, marker DA).
static uint32_t jpeg_orientation(const unsigned char *b, size_t size)
{
    for (size_t at = 2; at + 4 <= size && b[at] == 0xFF && b[at + 1] != 0xDA;) {
        size_t length = big_endian(b + at + 2, 2);
        if (length < 2 || length > size - at - 2) {
            return 1;
        }
        if (b[at + 1] == 0xE1 && length >= 8 && memcmp(b + at + 4, "Exif\0\0", 6) == 0) {
            return orientation_of((Tiff){.at = b + at + 10, .size = length - 8});
        }
        at += 2 + length;
    }
    return 1;
}

// Chunks length, name, content, checksum.
static uint32_t png_orientation(const unsigned char *b, size_t size)
{
    for (size_t at = 8; at + 12 <= size;) {
        size_t length = big_endian(b + at, 4);
        if (length > size - at - 12) {
            return 1;
        }
        if (memcmp(b + at + 4, "eXIf", 4) == 0) {
            return orientation_of((Tiff){.at = b + at + 8, .size = length});
        }
        at += 12 + length;
    }
    return 1;
}

uint32_t rn_picture_orientation(const void *bytes, size_t size)
{
    if (size >= 3 && memcmp(bytes, "\xFF\xD8\xFF", 3) == 0) {
        return jpeg_orientation(bytes, size);
    }
    if (size >= 8 && memcmp(bytes, "\x89PNG\r\n\x1A\n", 8) == 0) {
        return png_orientation(bytes, size);
    }
    return 1;
}

// Where pixel (y, x) of the turned picture comes from, in one of height x width.
static size_t source_of(uint32_t orientation, size_t y, size_t x, size_t height, size_t width)
{
    bool swapped = orientation >= 5;
    size_t row = swapped ? x : y, column = swapped ? y : x;
    // rows from the end: 3, 4, 6, 7; columns from the end: 2, 3, 7, 8
    if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) {
        row = height - 1 - row;
    }
    if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) {
        column = width - 1 - column;
    }
    return row * width + column;
}

RnStatus rn_picture_turn(RnPicture *picture, uint32_t orientation, RnError *err)
{
    if (orientation <= 1 || orientation > 8) {
        return RN_OK;
    }
    size_t height = picture->height, width = picture->width, plane = height * width;
    uint8_t *turned = malloc(picture->channels * plane);
    if (turned == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "out of memory for %zux%zu pixels", height, width);
    }
    size_t new_height = orientation >= 5 ? width : height;
    size_t new_width = orientation >= 5 ? height : width;
    for (uint32_t c = 0; c < picture->channels; c++) {
        uint8_t *to = turned + c * plane;
        for (size_t y = 0; y < new_height; y++) {
            for (size_t x = 0; x < new_width; x++) {
                *to++ = picture->pixels[c * plane + source_of(orientation, y, x, height, width)];
            }
        }
    }
    uint32_t channels = picture->channels;
    rn_picture_free(picture);
    *picture = (RnPicture){.channels = channels,
                           .height = (uint32_t)new_height,
                           .width = (uint32_t)new_width,
                           .pixels = turned};
    return RN_OK;
}
