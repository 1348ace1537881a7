// augment.c: random variation of pictures. Every number is drawn by counter from seed, epoch and
// the picture's number, so neither order nor threads nor a resumed run can change it.
#include "data/augment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "resnetc/random.h"

// Counters of one picture.
enum { DRAW_FLIP = 0, DRAW_SHIFT = 1, DRAW_WINDOW = 4, DRAWS = 64, TRIES = 10 };

static uint64_t stream_of(const RnDraw *d)
{
    return rn_random_stream("augment") + d->epoch;
}

static double uniform(const RnDraw *d, uint64_t i, double lo, double hi)
{
    return lo + (hi - lo) * rn_random_uniform(d->seed, stream_of(d), d->picture * DRAWS + i);
}

static uint32_t below(const RnDraw *d, uint64_t i, uint32_t bound)
{
    return (uint32_t)rn_random_below(d->seed, stream_of(d), d->picture * DRAWS + i, bound);
}

bool rni_augment_flip(const RnDraw *d)
{
    return below(d, DRAW_FLIP, 2) == 1;
}

int64_t rni_augment_shift(const RnDraw *d, uint32_t border, unsigned axis)
{
    return (int64_t)below(d, DRAW_SHIFT + axis, 2 * border + 1) - border;
}

// When no try fits: the largest middle part whose sides are within 3:4 and 4:3.
static Window middle_window(uint32_t height, uint32_t width)
{
    const double least = 3.0 / 4.0, most = 4.0 / 3.0;
    Window w = {.height = height, .width = width};
    double ratio = (double)width / height;
    if (ratio < least) {
        w.height = (uint32_t)nearbyint(width / least);
    } else if (ratio > most) {
        w.width = (uint32_t)nearbyint(height * most);
    }
    w.height = w.height < 1 ? 1 : w.height > height ? height : w.height;
    w.width = w.width < 1 ? 1 : w.width > width ? width : w.width;
    w.top = (height - w.height) / 2;
    w.left = (width - w.width) / 2;
    return w;
}

// The area is uniform, the logarithm of the sides' ratio too; ten tries to find one that fits.
Window rni_augment_window(const RnDraw *d, uint32_t height, uint32_t width)
{
    double area = (double)height * width;
    for (uint64_t try = 0; try < TRIES; try++) {
        uint64_t i = DRAW_WINDOW + 4 * try;
        double target = area * uniform(d, i, 0.08, 1.0);
        double ratio = exp(uniform(d, i + 1, log(3.0 / 4.0), log(4.0 / 3.0)));
        double w = nearbyint(sqrt(target * ratio)), h = nearbyint(sqrt(target / ratio));
        if (w < 1 || h < 1 || w > width || h > height) {
            continue;
        }
        Window window = {.height = (uint32_t)h, .width = (uint32_t)w};
        window.top = below(d, i + 2, height - window.height + 1);
        window.left = below(d, i + 3, width - window.width + 1);
        return window;
    }
    return middle_window(height, width);
}

// One word of "flip,crop=4,rrc".
static RnStatus parse_word(const char *word, size_t n, RnAugment *out, RnError *err)
{
    if (n == 4 && memcmp(word, "flip", n) == 0) {
        out->flip = true;
        return RN_OK;
    }
    if (n == 3 && memcmp(word, "rrc", n) == 0) {
        out->resized_crop = true;
        return RN_OK;
    }
    if (n > 5 && n < 10 && memcmp(word, "crop=", 5) == 0) {
        char *end = NULL;
        long border = strtol(word + 5, &end, 10);
        if (word[5] >= '0' && word[5] <= '9' && end == word + n && border >= 1 && border <= 1024) {
            out->crop = (uint32_t)border;
            return RN_OK;
        }
        return rn_fail(err, RN_ERR_USAGE, "'%.*s': the border is 1 to 1024 pixels", (int)n, word);
    }
    return rn_fail(err, RN_ERR_USAGE, "'%.*s' is none of flip, crop=PIXELS, rrc", (int)n, word);
}

RnStatus rn_augment_parse(const char *text, RnAugment *out, RnError *err)
{
    *out = (RnAugment){0};
    if (strcmp(text, "none") == 0) {
        return RN_OK;
    }
    for (;;) {
        size_t n = strcspn(text, ",");
        RnStatus status = parse_word(text, n, out, err);
        if (status != RN_OK) {
            return status;
        }
        if (!text[n]) {
            break;
        }
        text += n + 1;
    }
    if (out->crop != 0 && out->resized_crop) {
        return rn_fail(err, RN_ERR_USAGE, "crop and rrc both choose a part: give one of them");
    }
    return RN_OK;
}
