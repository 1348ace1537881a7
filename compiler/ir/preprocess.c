// preprocess.c: what a model states about its pictures, as text.
// Not here: what the words mean and which are allowed (front/read_preprocess.c).
#include "ir/graph.h"

// One number where all channels agree, else a list.
static void print_channels(StrBuf *out, const char *name, const double *x, int64_t channels)
{
    bool same = true;
    for (int64_t c = 1; c < channels && c < RN_PICTURE_CHANNELS; c++) {
        same = same && !(x[c] < x[0]) && !(x[c] > x[0]);
    }
    strbuf_printf(out, same ? "%s=%.15g" : "%s=[%.15g", name, x[0]);
    for (int64_t c = 1; !same && c < channels && c < RN_PICTURE_CHANNELS; c++) {
        strbuf_printf(out, ", %.15g", x[c]);
    }
    strbuf_add(out, same ? "" : "]");
}

void preprocess_print(StrBuf *out, const RnPreprocess *p, int64_t channels)
{
    const char *between = "";
    if (p->resize_shorter) {
        strbuf_printf(out, "resize(%u)", p->resize_shorter);
    } else if (p->resize_height) {
        strbuf_printf(out, "resize(%ux%u)", p->resize_height, p->resize_width);
    }
    if (p->resize_shorter || p->resize_height) {
        between = " ";
    }
    if (p->centre_crop) {
        strbuf_printf(out, "%scentre_crop", between);
        between = " ";
    }
    if (!p->normalize) {
        return;
    }
    strbuf_printf(out, "%snormalize(", between);
    print_channels(out, "mean", p->mean, channels);
    strbuf_add(out, ", ");
    print_channels(out, "std", p->std, channels);
    strbuf_add(out, ")");
}
