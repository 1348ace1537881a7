// png_writer.c: one IHDR, one IDAT of rows without a filter, one IEND; zlib does the rest.
#include "tool/report/png_writer.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void put_u32(unsigned char to[4], uint32_t x)
{
    for (int i = 0; i < 4; i++) {
        to[i] = (unsigned char)(x >> (24 - 8 * i));
    }
}

// Length, type, data, and the CRC of type and data.
static void add_chunk(StrBuf *out, const char *type, const unsigned char *data, uint32_t bytes)
{
    unsigned char number[4];
    put_u32(number, bytes);
    strbuf_add_bytes(out, (const char *)number, 4);
    strbuf_add_bytes(out, type, 4);
    if (bytes) {
        strbuf_add_bytes(out, (const char *)data, bytes);
    }
    uLong crc = crc32(crc32(0, NULL, 0), (const unsigned char *)type, 4);
    if (bytes) { // zlib takes NULL for a question
        crc = crc32(crc, data, bytes);
    }
    put_u32(number, (uint32_t)crc);
    strbuf_add_bytes(out, (const char *)number, 4);
}

bool png_encode(const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels,
                StrBuf *out)
{
    size_t row = (size_t)width * channels, bytes = (row + 1) * height;
    uLongf packed_bytes = compressBound((uLong)bytes);
    unsigned char *rows = malloc(bytes), *packed = malloc(packed_bytes);
    bool ok = rows && packed;
    for (uint32_t y = 0; ok && y < height; y++) {
        rows[y * (row + 1)] = 0; // no filter
        memcpy(rows + y * (row + 1) + 1, pixels + y * row, row);
    }
    ok = ok && compress2(packed, &packed_bytes, rows, (uLong)bytes, 9) == Z_OK;
    if (ok) {
        unsigned char head[13] = {[8] = 8, [9] = channels == 3 ? 2 : 0}; // 8 bits; RGB or grey
        put_u32(head, width);
        put_u32(head + 4, height);
        strbuf_add_bytes(out, "\x89PNG\r\n\x1a\n", 8);
        add_chunk(out, "IHDR", head, sizeof head);
        add_chunk(out, "IDAT", packed, (uint32_t)packed_bytes);
        add_chunk(out, "IEND", NULL, 0);
    }
    free(rows);
    free(packed);
    return ok;
}

void base64_add(StrBuf *out, const void *data, size_t bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *p = data;
    for (size_t i = 0; i < bytes; i += 3) {
        size_t n = bytes - i < 3 ? bytes - i : 3;
        uint32_t group = (uint32_t)p[i] << 16;
        group |= n > 1 ? (uint32_t)p[i + 1] << 8 : 0;
        group |= n > 2 ? p[i + 2] : 0;
        char text[4];
        for (size_t k = 0; k < 4; k++) {
            text[k] = k <= n ? digits[group >> (18 - 6 * k) & 63] : '=';
        }
        strbuf_add_bytes(out, text, 4);
    }
}
