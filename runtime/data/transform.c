// transform.c: a picture becomes an image: resize, crop, flip, and a number for each byte.
// Not here: the filter (resize.c), what is drawn at random (augment.c).
#include <stdlib.h>
#include <string.h>

#include "data/augment.h"
#include "core/memory.h"
#include "resnetc/picture.h"

void rn_picture_free(RnPicture *p)
{
    free((void *)(uintptr_t)p->pixels); // const for those who only look at it
    *p = (RnPicture){0};
}

void rn_transform_init(RnTransform *t, uint32_t channels, uint32_t height, uint32_t width,
                       const RnPreprocess *p)
{
    *t = (RnTransform){.channels = channels, .height = height, .width = width};
    if (p != NULL) {
        t->resize_shorter = p->resize_shorter;
        t->resize_height = p->resize_height;
        t->resize_width = p->resize_width;
        t->centre_crop = p->centre_crop != 0;
    }
    bool normalize = p != NULL && p->normalize != 0;
    for (uint32_t c = 0; c < RN_PICTURE_CHANNELS; c++) {
        float mean = normalize ? (float)p->mean[c] : 0.0f;
        float std = normalize ? (float)p->std[c] : 1.0f;
        for (uint32_t v = 0; v < 256; v++) {
            t->value[c][v] = ((float)v / 255.0f - mean) / std;
        }
    }
}

void rn_transform_scratch_free(RnTransformScratch *s)
{
    rn_resizer_destroy(s->resizer);
    free(s->bytes);
    *s = (RnTransformScratch){0};
}

// The size after resizing; torchvision cuts the longer side's fraction off.
static void resized(const RnTransform *t, const Window *w, uint32_t *height, uint32_t *width)
{
    *height = w->height;
    *width = w->width;
    if (t->resize_height != 0) {
        *height = t->resize_height;
        *width = t->resize_width;
    } else if (t->resize_shorter != 0) {
        bool tall = w->height > w->width;
        uint64_t shorter = tall ? w->width : w->height, longer = tall ? w->height : w->width;
        uint64_t other = t->resize_shorter * longer / shorter;
        if (other > UINT32_MAX) {
            other = UINT32_MAX;
        }
        *height = tall ? (uint32_t)other : t->resize_shorter;
        *width = tall ? t->resize_shorter : (uint32_t)other;
    }
}

// Where the middle `want` of `have` begins, below 0 when it is larger. Python's rounding: a half
// goes to the even number.
static int64_t middle(uint32_t have, uint32_t want)
{
    if (have < want) {
        return -(int64_t)((want - have) / 2);
    }
    uint32_t over = have - want, half = over / 2;
    return over % 2 == 1 && half % 2 == 1 ? half + 1 : half;
}

static RnStatus prepare_resizer(RnTransformScratch *s, const RnResize *z, RnError *err)
{
    if (s->resizer != NULL && memcmp(&s->resize, z, sizeof *z) == 0) {
        return RN_OK;
    }
    rn_resizer_destroy(s->resizer);
    s->resizer = NULL;
    s->resize = *z;
    RnStatus status = rn_resizer_create(z, &s->resizer, err);
    if (status == RN_ERR_USAGE && err != NULL) {
        err->status = RN_ERR_INPUT; // sizes come from the picture
    }
    return status == RN_ERR_USAGE ? RN_ERR_INPUT : status;
}

static RnStatus reserve(RnTransformScratch *s, size_t size, RnError *err)
{
    if (s->size >= size) {
        return RN_OK;
    }
    free(s->bytes);
    s->bytes = malloc(size);
    s->size = s->bytes != NULL ? size : 0;
    return s->bytes != NULL ? RN_OK : rn_fail(err, RN_ERR_MEMORY, "out of memory for a picture");
}

// What is taken of the (resized) picture.
typedef struct View {
    uint32_t height, width;
    int64_t top, left; // of the image in it; outside is black
    bool flip;
} View;

// The places of the image, `want` from `start` on, that lie in `have`: `*count` from `*first` on.
static void overlap(uint32_t have, int64_t start, uint32_t want, uint32_t *first, uint32_t *count)
{
    int64_t lo = start < 0 ? 0 : start, hi = start + want < have ? start + want : have;
    *first = lo < hi ? (uint32_t)lo : 0;
    *count = lo < hi ? (uint32_t)(hi - lo) : 0;
}

// Resizes what the image shows of the view, and makes it the view. False: it shows nothing.
static bool resized_part(const RnTransform *t, const Window *w, View *v, RnResize *z)
{
    *z = (RnResize){.in_h = w->height, .in_w = w->width, .out_h = v->height, .out_w = v->width};
    overlap(v->height, v->top, t->height, &z->top, &z->height);
    overlap(v->width, v->left, t->width, &z->left, &z->width);
    v->height = z->height;
    v->width = z->width;
    v->top -= z->top;
    v->left -= z->left;
    return v->height > 0 && v->width > 0;
}

// u8 plane [view height, view width] -> f32 [t->height, t->width]
static void write_plane(const RnTransform *t, uint32_t c, const View *v, const uint8_t *plane,
                        float *out)
{
    const float *value = t->value[c];
    for (uint32_t y = 0; y < t->height; y++, out += t->width) {
        int64_t row = v->top + y;
        bool inside = row >= 0 && row < v->height;
        for (uint32_t x = 0; x < t->width; x++) {
            int64_t column = v->left + x;
            uint8_t byte = 0;
            if (inside && column >= 0 && column < v->width) {
                byte = plane[(size_t)row * v->width + (size_t)column];
            }
            out[v->flip ? t->width - 1 - x : x] = value[byte];
        }
    }
}

// Copies the window of a plane, row by row.
static void cut(const RnPicture *p, uint32_t c, const Window *w, uint8_t *out)
{
    const uint8_t *in = p->pixels + (size_t)c * p->height * p->width;
    for (uint32_t y = 0; y < w->height; y++) {
        memcpy(out + (size_t)y * w->width, in + (size_t)(w->top + y) * p->width + w->left,
               w->width);
    }
}

static RnStatus write_image(const RnTransform *t, const RnPicture *p, const Window *w, View *v,
                            float *image, RnTransformScratch *s, RnError *err)
{
    bool whole = w->height == p->height && w->width == p->width;
    bool resize = w->height != v->height || w->width != v->width;
    RnResize sizes;
    if (resize) {
        resize = resized_part(t, w, v, &sizes);
    }
    size_t cut_bytes = whole ? 0 : (size_t)w->height * w->width;
    size_t resized_bytes = resize ? (size_t)v->height * v->width : 0;
    RnStatus status = resize ? prepare_resizer(s, &sizes, err) : RN_OK;
    size_t extra = resize && status == RN_OK ? rn_resizer_scratch_bytes(s->resizer) : 0;
    if (status == RN_OK) {
        status = reserve(s, cut_bytes + resized_bytes + extra + 1, err);
    }
    for (uint32_t c = 0; c < t->channels && status == RN_OK; c++) {
        const uint8_t *plane = p->pixels + (size_t)c * p->height * p->width;
        if (!whole) {
            cut(p, c, w, s->bytes);
            plane = s->bytes;
        }
        if (resize) {
            uint8_t *to = s->bytes + cut_bytes;
            rn_resizer_run(s->resizer, plane, to, to + resized_bytes);
            plane = to;
        }
        write_plane(t, c, v, plane, image + (size_t)c * t->height * t->width);
    }
    return status;
}

RnStatus rn_transform_run(const RnTransform *t, const RnAugment *augment, const RnDraw *draw,
                          const RnPicture *p, float *image, RnTransformScratch *scratch,
                          RnError *err)
{
    if (p->channels != t->channels || t->channels > RN_PICTURE_CHANNELS) {
        return rn_fail(err, RN_ERR_INPUT, "the picture has %u channels, the model takes %u",
                       p->channels, t->channels);
    }
    Window w = {.height = p->height, .width = p->width};
    View v = {0};
    if (augment != NULL && augment->resized_crop) {
        w = rni_augment_window(draw, p->height, p->width);
        v.height = t->height;
        v.width = t->width;
    } else {
        resized(t, &w, &v.height, &v.width);
        if (t->centre_crop) {
            v.top = middle(v.height, t->height);
            v.left = middle(v.width, t->width);
        } else if (v.height != t->height || v.width != t->width) {
            return rn_fail(err, RN_ERR_INPUT,
                           "the picture has %ux%u pixels (height x width), the model takes %ux%u "
                           "and does not say how to resize or crop",
                           v.height, v.width, t->height, t->width);
        }
    }
    if (augment != NULL) {
        v.flip = augment->flip && rni_augment_flip(draw);
        if (augment->crop != 0) {
            v.top += rni_augment_shift(draw, augment->crop, 0);
            v.left += rni_augment_shift(draw, augment->crop, 1);
        }
    }
    return write_image(t, p, &w, &v, image, scratch, err);
}
