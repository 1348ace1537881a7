// npy.c: NumPy's array files, versions 1 to 3.
//
// "\x93NUMPY" major minor, header length (u16 in version 1, else u32), a Python dict as text
//     {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }
// padded with blanks, then the elements.
#include "resnetc/tensor_io.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "files/file_in.h"
#include "files/file_out.h"
#include "core/memory.h"
#include "core/nonfinite.h"

enum { HEADER_MAX = 1 << 16 };

typedef struct Header {
    char order; // '<', '>', '|' or '='
    char kind;  // 'f', 'i', 'u', 'b', ...
    uint32_t item_bytes;
    bool fortran;
    bool has_descr, has_fortran, has_shape;
    RnShape shape;
} Header;

// A cursor over the header's text.
typedef struct Text {
    const char *at, *end;
} Text;

static void skip_blanks(Text *t)
{
    while (t->at < t->end && isspace((unsigned char)*t->at)) {
        t->at++;
    }
}

static bool take(Text *t, char c)
{
    skip_blanks(t);
    if (t->at == t->end || *t->at != c) {
        return false;
    }
    t->at++;
    return true;
}

static bool take_word(Text *t, const char *word)
{
    skip_blanks(t);
    size_t n = strlen(word);
    if ((size_t)(t->end - t->at) < n || memcmp(t->at, word, n) != 0) {
        return false;
    }
    t->at += n;
    return true;
}

// 'text' or "text" into out, cut off as an error when longer than fits.
static bool take_string(Text *t, char *out, size_t bytes)
{
    skip_blanks(t);
    if (t->at == t->end || (*t->at != '\'' && *t->at != '"')) {
        return false;
    }
    char quote = *t->at++;
    size_t n = 0;
    while (t->at < t->end && *t->at != quote) {
        if (n + 1 >= bytes) {
            return false;
        }
        out[n++] = *t->at++;
    }
    out[n] = 0;
    return take(t, quote);
}

static bool take_number(Text *t, uint64_t *out)
{
    skip_blanks(t);
    const char *start = t->at;
    uint64_t n = 0;
    while (t->at < t->end && isdigit((unsigned char)*t->at)) {
        if (!checked_mul(n, 10, &n) || !checked_add(n, (uint64_t)(*t->at - '0'), &n)) {
            return false;
        }
        t->at++;
    }
    *out = n;
    return t->at > start;
}

static bool parse_shape(Text *t, RnShape *shape)
{
    if (!take(t, '(')) {
        return false;
    }
    while (!take(t, ')')) {
        if (shape->rank == RN_IO_MAX_RANK || !take_number(t, &shape->dim[shape->rank])) {
            return false;
        }
        shape->rank++;
        if (take(t, ')')) {
            return true;
        }
        if (!take(t, ',')) {
            return false;
        }
    }
    return true;
}

static bool parse_descr(Text *t, Header *h)
{
    char text[16];
    if (!take_string(t, text, sizeof text) || strlen(text) < 3 || strchr("<>|=", text[0]) == NULL) {
        return false;
    }
    h->order = text[0];
    h->kind = text[1];
    Text digits = {text + 2, text + strlen(text)};
    uint64_t bytes = 0;
    if (!take_number(&digits, &bytes) || digits.at != digits.end || bytes == 0 || bytes > 1024) {
        return false;
    }
    h->item_bytes = (uint32_t)bytes;
    return true;
}

static bool parse_entry(Text *t, Header *h)
{
    char key[32];
    if (!take_string(t, key, sizeof key) || !take(t, ':')) {
        return false;
    }
    if (strcmp(key, "descr") == 0 && !h->has_descr) {
        h->has_descr = true;
        return parse_descr(t, h);
    }
    if (strcmp(key, "fortran_order") == 0 && !h->has_fortran) {
        h->has_fortran = true;
        h->fortran = take_word(t, "True");
        return h->fortran || take_word(t, "False");
    }
    if (strcmp(key, "shape") == 0 && !h->has_shape) {
        h->has_shape = true;
        return parse_shape(t, &h->shape);
    }
    return false;
}

static bool parse_dict(Text t, Header *h)
{
    if (!take(&t, '{')) {
        return false;
    }
    while (!take(&t, '}')) {
        if (!parse_entry(&t, h)) {
            return false;
        }
        if (take(&t, ',')) {
            continue;
        }
        if (!take(&t, '}')) {
            return false;
        }
        break;
    }
    skip_blanks(&t);
    return t.at == t.end && h->has_descr && h->has_fortran && h->has_shape;
}

// Reads the header; *data is where the elements begin.
static RnStatus parse_header(const unsigned char *b, size_t size, const char *path, Header *h,
                             size_t *data, RnError *err)
{
    if (size < 10 || memcmp(b, "\x93NUMPY", 6) != 0) {
        return rn_fail(err, RN_ERR_INPUT, "%s: not a .npy file", path);
    }
    if (b[6] < 1 || b[6] > 3) {
        return rn_fail(err, RN_ERR_INPUT, "%s: .npy version %u is not known (1, 2 and 3 are)", path,
                       b[6]);
    }
    size_t start = b[6] == 1 ? 10 : 12;
    uint32_t length = (uint32_t)b[8] | (uint32_t)b[9] << 8;
    if (b[6] > 1 && size >= start) {
        length |= (uint32_t)b[10] << 16 | (uint32_t)b[11] << 24;
    }
    if (size < start || length > size - start) {
        return rn_fail(err, RN_ERR_INPUT,
                       "%s: truncated: the header says it is longer than the file", path);
    }
    if (length > HEADER_MAX) {
        return rn_fail(err, RN_ERR_INPUT, "%s: header of %u bytes: the limit is %d", path, length,
                       HEADER_MAX);
    }
    const char *text = (const char *)b + start;
    if (!parse_dict((Text){text, text + length}, h)) {
        return rn_fail(
            err, RN_ERR_INPUT,
            "%s: header is not {'descr': TYPE, 'fortran_order': BOOL, 'shape': TUPLE} of "
            "a plain type and at most %d dimensions",
            path, RN_IO_MAX_RANK);
    }
    *data = start + length;
    return RN_OK;
}

static bool is_pixels(const Header *h)
{
    return h->kind == 'u' && h->item_bytes == 1;
}

static bool type_fits(const Header *h, RnNpyKind want)
{
    uint32_t n = h->item_bytes;
    if (want != RN_NPY_INT) {
        return (h->kind == 'f' && (n == 4 || n == 8)) || (want == RN_NPY_IMAGES && is_pixels(h));
    }
    if (h->kind == 'b') {
        return n == 1;
    }
    return (h->kind == 'i' || h->kind == 'u') && (n == 1 || n == 2 || n == 4 || n == 8);
}

// Checks type, order and size; sets the array's shape and element count.
static RnStatus check_header(const Header *h, size_t data_bytes, const char *path, RnNpyKind want,
                             RnNpy *out, RnError *err)
{
    if (!type_fits(h, want)) {
        return rn_fail(err, RN_ERR_INPUT, "%s: element type %c%u, but %s is needed", path,
                       isprint((unsigned char)h->kind) ? h->kind : '?', h->item_bytes,
                       want == RN_NPY_FLOAT    ? "float32 or float64"
                       : want == RN_NPY_IMAGES ? "float32, float64 or uint8"
                                               : "an integer type");
    }
    if (h->order == '>' && h->kind == 'f') {
        return rn_fail(err, RN_ERR_INPUT, "%s: big-endian elements; save with little-endian ones",
                       path);
    }
    if (h->fortran && h->shape.rank > 1) {
        return rn_fail(err, RN_ERR_INPUT,
                       "%s: Fortran order; save numpy.ascontiguousarray(x) instead", path);
    }
    uint64_t elements = 0, bytes = 0;
    char shape[128];
    rn_shape_text(&h->shape, shape, sizeof shape);
    if (!rni_shape_elements(&h->shape, &elements) ||
        !checked_mul(elements, h->item_bytes, &bytes)) {
        return rn_fail(err, RN_ERR_INPUT, "%s: shape %s is too large", path, shape);
    }
    if (bytes != data_bytes) {
        return rn_fail(err, RN_ERR_INPUT, "%s: %s: shape %s needs %llu bytes, the file has %zu",
                       path, bytes > data_bytes ? "truncated" : "too long", shape,
                       (unsigned long long)bytes, data_bytes);
    }
    out->shape = h->shape;
    out->elements = (size_t)elements;
    return RN_OK;
}

static int64_t load_int(const unsigned char *p, const Header *h)
{
    uint64_t v = 0;
    uint32_t n = h->item_bytes;
    for (uint32_t i = 0; i < n; i++) {
        v |= (uint64_t)p[h->order == '>' ? n - 1 - i : i] << (8 * i);
    }
    if (h->kind == 'i' && n < 8 && (v >> (8 * n - 1) & 1)) {
        v |= UINT64_MAX << (8 * n);
    }
    return (int64_t)v;
}

static RnStatus convert_ints(const Header *h, const unsigned char *data, const char *path,
                             RnNpy *out, RnError *err)
{
    out->i64 = rni_memory_aligned((uint64_t)out->elements * sizeof *out->i64, MEMORY_ALIGN);
    if (out->i64 == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: too large for this machine's memory", path);
    }
    for (size_t i = 0; i < out->elements; i++) {
        int64_t v = load_int(data + i * h->item_bytes, h);
        if (h->kind == 'u' && v < 0) {
            return rn_fail(err, RN_ERR_INPUT, "%s: element %zu is above 2^63 - 1", path, i);
        }
        out->i64[i] = v;
    }
    return RN_OK;
}

static RnStatus convert_floats(const Header *h, const unsigned char *data, const char *path,
                               RnNpy *out, RnError *err)
{
    out->f32 = rni_memory_aligned((uint64_t)out->elements * sizeof *out->f32, MEMORY_ALIGN);
    if (out->f32 == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: too large for this machine's memory", path);
    }
    if (h->item_bytes == 4) {
        if (out->elements) {
            memcpy(out->f32, data, out->elements * 4);
        }
        return RN_OK;
    }
    for (size_t i = 0; i < out->elements; i++) {
        double v;
        memcpy(&v, data + 8 * i, 8);
        out->f32[i] = (float)v;
    }
    return RN_OK;
}

static RnStatus copy_pixels(const unsigned char *data, const char *path, RnNpy *out, RnError *err)
{
    out->u8 = rni_memory_aligned(out->elements, MEMORY_ALIGN);
    if (out->u8 == NULL) {
        return rn_fail(err, RN_ERR_MEMORY, "%s: too large for this machine's memory", path);
    }
    if (out->elements) {
        memcpy(out->u8, data, out->elements);
    }
    return RN_OK;
}

RnStatus rn_npy_parse(const void *bytes, size_t size, const char *path, RnNpyKind want, RnNpy *out,
                      RnError *err)
{
    *out = (RnNpy){0};
    Header h = {0};
    size_t start = 0;
    RnStatus status = parse_header(bytes, size, path, &h, &start, err);
    if (status == RN_OK) {
        status = check_header(&h, size - start, path, want, out, err);
    }
    if (status != RN_OK) {
        return status;
    }
    const unsigned char *data = (const unsigned char *)bytes + start;
    status = want == RN_NPY_INT ? convert_ints(&h, data, path, out, err)
             : is_pixels(&h)    ? copy_pixels(data, path, out, err)
                                : convert_floats(&h, data, path, out, err);
    if (status != RN_OK) {
        rn_npy_free(out);
    }
    return status;
}

// Files of images can be large: their elements are moved to the front of the bytes read, not copied.
static RnStatus take_images(FileBytes *file, const char *path, RnNpyKind want, RnNpy *out,
                            RnError *err)
{
    Header h = {0};
    size_t start = 0;
    RnStatus status = parse_header(file->data, file->size, path, &h, &start, err);
    if (status == RN_OK) {
        status = check_header(&h, file->size - start, path, want, out, err);
    }
    if (status != RN_OK) {
        return status;
    }
    if (h.item_bytes == 8) {
        return convert_floats(&h, file->data + start, path, out, err);
    }
    memmove(file->data, file->data + start, file->size - start);
    if (is_pixels(&h)) {
        out->u8 = file->data;
    } else {
        out->f32 = (float *)(void *)file->data;
    }
    file->data = NULL;
    return RN_OK;
}

RnStatus rn_npy_read(const char *path, RnNpyKind want, RnNpy *out, RnError *err)
{
    *out = (RnNpy){0};
    FileBytes file;
    RnStatus status = rni_file_read_all(path, &file, err);
    if (status != RN_OK) {
        return status;
    }
    if (want == RN_NPY_INT) {
        status = rn_npy_parse(file.data, file.size, path, want, out, err);
    } else {
        status = take_images(&file, path, want, out, err);
    }
    free(file.data);
    if (status != RN_OK) {
        rn_npy_free(out);
    }
    return status;
}

RnStatus rn_npy_check_finite(const RnNpy *array, const char *path, RnError *err)
{
    uint64_t bad =
        array->f32 != NULL ? rni_first_nonfinite(array->f32, array->elements) : array->elements;
    if (bad == array->elements) {
        return RN_OK;
    }
    char text[32], place[128];
    RnShape at = array->shape; // the element's index in each dimension
    uint64_t rest = bad;
    for (uint32_t i = at.rank; i-- > 0;) {
        at.dim[i] = rest % array->shape.dim[i];
        rest /= array->shape.dim[i];
    }
    return rn_fail(err, RN_ERR_INPUT, "%s: element %s is %s, not a finite number", path,
                   rn_shape_text(&at, place, sizeof place), rni_number_text(array->f32[bad], text));
}

void rn_npy_free(RnNpy *array)
{
    if (array == NULL) {
        return;
    }
    free(array->f32);
    free(array->i64);
    free(array->u8);
    *array = (RnNpy){0};
}

static RnStatus write_array(const char *path, const RnShape *shape, const char *descr,
                            const void *data, size_t item_bytes, RnError *err)
{
    uint64_t elements = 0, bytes = 0;
    if (shape->rank > RN_IO_MAX_RANK || !rni_shape_elements(shape, &elements) ||
        !checked_mul(elements, item_bytes, &bytes)) {
        return rn_fail(err, RN_ERR_USAGE, "%s: shape is too large", path);
    }
    char text[512];
    int n =
        snprintf(text, sizeof text, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (uint32_t i = 0; i < shape->rank; i++) {
        n += snprintf(text + n, sizeof text - (size_t)n,
                      shape->rank == 1 ? "%llu,"
                      : i              ? ", %llu"
                                       : "%llu",
                      (unsigned long long)shape->dim[i]);
    }
    n += snprintf(text + n, sizeof text - (size_t)n, "), }");
    while ((10 + n + 1) % 64 != 0) {
        text[n++] = ' ';
    }
    text[n++] = '\n';
    const unsigned char start[10] = {
        0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (unsigned char)(n & 255), (unsigned char)(n >> 8)};
    FileOut file;
    RnStatus status = rni_file_out_open(&file, path, err);
    if (status != RN_OK) {
        return status;
    }
    if (rni_file_out_write(&file, start, sizeof start) &&
        rni_file_out_write(&file, text, (size_t)n)) {
        rni_file_out_write(&file, data, (size_t)bytes);
    }
    return rni_file_out_commit(&file, err);
}

RnStatus rn_npy_write_f32(const char *path, const RnShape *shape, const float *data, RnError *err)
{
    return write_array(path, shape, "<f4", data, 4, err);
}

RnStatus rn_npy_write_i64(const char *path, const RnShape *shape, const int64_t *data, RnError *err)
{
    return write_array(path, shape, "<i8", data, 8, err);
}
