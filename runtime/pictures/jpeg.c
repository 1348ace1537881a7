// jpeg.c: JPEG by libjpeg-turbo, with its defaults, which are Pillow's: exact integer transform,
// smooth upsampling of colours.
//
// libjpeg reports an error by a call that must not return: it jumps back to try_decode. Whatever
// has to be freed then lies in a struct, not in variables that a jump may lose.
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "pictures/decode.h"

typedef struct Jpeg {
    struct jpeg_decompress_struct info; // first: libjpeg's pointer to it is a pointer to the whole
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf failed;
    const Source *source;
    RnPicture *out;
    unsigned char *row;
    RnStatus status;
    RnError *err;
} Jpeg;

static Jpeg *whole(j_common_ptr info)
{
    return (Jpeg *)(void *)info;
}

static void fail_jump(j_common_ptr info)
{
    Jpeg *j = whole(info);
    char text[JMSG_LENGTH_MAX];
    info->err->format_message(info, text);
    bool memory = info->err->msg_code == JERR_OUT_OF_MEMORY;
    j->status = rn_fail(j->err, memory ? RN_ERR_MEMORY : RN_ERR_INPUT, "%s: JPEG: %s",
                        j->source->path, text);
    longjmp(j->failed, 1);
}

// Warnings are let pass, as Pillow does, but for the end of the file before that of the picture.
static void warn(j_common_ptr info, int level)
{
    Jpeg *j = whole(info);
    if (level >= 0 || info->err->msg_code != JWRN_JPEG_EOF) {
        return;
    }
    j->status = rn_fail(j->err, RN_ERR_INPUT, "%s: JPEG: truncated", j->source->path);
    longjmp(j->failed, 1);
}

static void no_output(j_common_ptr info)
{
    (void)info;
}

// A small file can ask for the work of thousands of scans over a large picture.
static void limit_scans(j_common_ptr info)
{
    Jpeg *j = whole(info);
    if (j->info.input_scan_number <= RN_PICTURE_MAX_SCANS) {
        return;
    }
    j->status = rn_fail(j->err, RN_ERR_INPUT, "%s: JPEG: more than %d scans", j->source->path,
                        RN_PICTURE_MAX_SCANS);
    longjmp(j->failed, 1);
}

static RowKind choose_colours(struct jpeg_decompress_struct *info)
{
    if (info->jpeg_color_space == JCS_GRAYSCALE) {
        info->out_color_space = JCS_GRAYSCALE;
        return ROW_GREY;
    }
    bool cmyk = info->jpeg_color_space == JCS_CMYK || info->jpeg_color_space == JCS_YCCK;
    info->out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
    return cmyk ? ROW_CMYK : ROW_RGB;
}

static void decode(Jpeg *j)
{
    struct jpeg_decompress_struct *info = &j->info;
    jpeg_create_decompress(info);
    info->progress = &j->progress;
    jpeg_mem_src(info, j->source->bytes, j->source->size);
    (void)jpeg_read_header(info, TRUE);
    j->status = decode_start(j->source, info->image_height, info->image_width, j->out, j->err);
    if (j->status != RN_OK) {
        return;
    }
    RowKind kind = choose_colours(info);
    (void)jpeg_start_decompress(info);
    size_t row_bytes = (size_t)info->output_width * (size_t)info->output_components;
    j->row = malloc(row_bytes);
    if (j->row == NULL) {
        j->status = rn_fail(j->err, RN_ERR_MEMORY, "%s: out of memory", j->source->path);
        return;
    }
    while (info->output_scanline < info->output_height) {
        uint32_t y = info->output_scanline;
        if (jpeg_read_scanlines(info, &j->row, 1) == 1) {
            decode_row(j->out, y, j->row, kind);
        }
    }
}

static void try_decode(Jpeg *j)
{
    if (setjmp(j->failed) == 0) {
        decode(j);
    }
}

RnStatus decode_jpeg(const Source *source, RnPicture *out, RnError *err)
{
    Jpeg *j = calloc(1, sizeof *j);
    if (j == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: out of memory", source->path);
    }
    j->source = source;
    j->out = out;
    j->err = err;
    j->info.err = jpeg_std_error(&j->errors);
    j->errors.error_exit = fail_jump;
    j->errors.emit_message = warn;
    j->errors.output_message = no_output;
    j->progress.progress_monitor = limit_scans;
    try_decode(j);
    RnStatus status = j->status;
    jpeg_destroy_decompress(&j->info); // does nothing before it was made
    free(j->row);
    free(j);
    if (status != RN_OK) {
        rn_picture_free(out);
    }
    return status;
}
