// png.c: PNG by libpng: any depth and colour type becomes 8-bit grey or colours without alpha.
//
// libpng reports an error by a call that must not return: it jumps back to try_decode. Whatever
// has to be freed then lies in a struct, not in variables that a jump may lose.
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "pictures/decode.h"

enum { CHUNK_BYTES_MAX = 8 << 20, CHUNKS_MAX = 256 };

typedef struct Png {
    png_structp png;
    png_infop info;
    const Source *source;
    size_t at; // read so far
    RnPicture *out;
    unsigned char *rows; // one, or all where they are interlaced
    bool out_of_memory;  // libpng tells it as any other error
    RnStatus status;
    RnError *err;
    jmp_buf failed;
} Png;

static void fail_jump(png_structp png, png_const_charp text)
{
    Png *p = png_get_error_ptr(png);
    p->status = rn_fail(p->err, p->out_of_memory ? RN_ERR_MEMORY : RN_ERR_INPUT, "%s: PNG: %s",
                        p->source->path, text);
    longjmp(p->failed, 1);
}

static void *allocate(png_structp png, png_alloc_size_t bytes)
{
    Png *p = png_get_mem_ptr(png);
    void *block = malloc(bytes);
    p->out_of_memory = p->out_of_memory || block == NULL;
    return block;
}

static void release(png_structp png, void *block)
{
    (void)png;
    free(block);
}

static void ignore_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static void read_bytes(png_structp png, png_bytep out, size_t n)
{
    Png *p = png_get_io_ptr(png);
    if (n > p->source->size - p->at) {
        png_error(png, "truncated");
    }
    memcpy(out, p->source->bytes + p->at, n);
    p->at += n;
}

// After this, rows are 8-bit grey or colours.
static RowKind choose_format(Png *p)
{
    png_set_expand(p->png); // palettes to colours, small depths to 8 bits, transparency to alpha
    png_set_strip_16(p->png);
    png_set_strip_alpha(p->png);
    bool colour = (png_get_color_type(p->png, p->info) & PNG_COLOR_MASK_COLOR) != 0;
    return colour ? ROW_RGB : ROW_GREY;
}

static void read_rows(Png *p, RowKind kind)
{
    int passes = png_set_interlace_handling(p->png);
    png_read_update_info(p->png, p->info);
    size_t row_bytes = png_get_rowbytes(p->png, p->info);
    if (row_bytes != (size_t)p->out->width * (kind == ROW_RGB ? 3 : 1)) {
        png_error(p->png, "rows of an unexpected size");
    }
    p->rows = calloc(passes > 1 ? p->out->height : 1, row_bytes);
    if (p->rows == NULL) {
        p->status = rn_fail(p->err, RN_ERR_MEMORY, "%s: out of memory", p->source->path);
        return;
    }
    for (int pass = 0; pass < passes; pass++) {
        for (uint32_t y = 0; y < p->out->height; y++) {
            unsigned char *row = p->rows + (passes > 1 ? y * row_bytes : 0);
            png_read_row(p->png, row, NULL);
            if (pass == passes - 1) {
                decode_row(p->out, y, row, kind);
            }
        }
    }
}

static void decode(Png *p)
{
    png_set_user_limits(p->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); // decode_start has ours
    png_set_chunk_malloc_max(p->png, CHUNK_BYTES_MAX);
    png_set_chunk_cache_max(p->png, CHUNKS_MAX);
    png_set_read_fn(p->png, p, read_bytes);
    png_read_info(p->png, p->info);
    p->status = decode_start(p->source, png_get_image_height(p->png, p->info),
                             png_get_image_width(p->png, p->info), p->out, p->err);
    if (p->status == RN_OK) {
        read_rows(p, choose_format(p));
    }
}

static bool make(Png *p)
{
    p->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, p, fail_jump, ignore_warning, p,
                                      allocate, release);
    p->info = p->png != NULL ? png_create_info_struct(p->png) : NULL;
    return p->info != NULL;
}

static void try_decode(Png *p)
{
    if (setjmp(p->failed) != 0) {
        return;
    }
    if (make(p)) {
        decode(p);
    } else {
        p->status = rn_fail(p->err, RN_ERR_MEMORY, "%s: out of memory", p->source->path);
    }
}

RnStatus decode_png(const Source *source, RnPicture *out, RnError *err)
{
    Png *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", source->path);
    }
    p->source = source;
    p->out = out;
    p->err = err;
    try_decode(p);
    RnStatus status = p->status;
    if (p->png != NULL) {
        png_destroy_read_struct(&p->png, &p->info, NULL);
    }
    free(p->rows);
    free(p);
    if (status != RN_OK) {
        rn_picture_free(out);
    }
    return status;
}
