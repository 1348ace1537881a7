// idx.c: reads IDX: 0 0 TYPE RANK, then RANK big-endian u32 dimensions, then the elements. Type 8
// is unsigned bytes, the only one that picture sets use.
#include "data/idx.h"

#include "core/memory.h"

enum { TYPE_U8 = 8 };

RnStatus rni_idx_parse(const uint8_t *bytes, size_t size, const char *path, uint32_t rank, Idx *out,
                       RnError *err)
{
    *out = (Idx){.rank = rank};
    size_t header = 4 + 4 * (size_t)rank;
    if (size < 4 || bytes[0] != 0 || bytes[1] != 0) {
        return rn_fail(err, RN_ERR_INPUT, "%s: not an IDX file", path);
    }
    if (bytes[2] != TYPE_U8) {
        return rn_fail(err, RN_ERR_INPUT,
                       "%s: IDX element type %u, but 8 (unsigned bytes) is needed", path, bytes[2]);
    }
    if (bytes[3] != rank) {
        return rn_fail(err, RN_ERR_INPUT, "%s: IDX file of %u dimensions, but %u are needed", path,
                       bytes[3], rank);
    }
    if (size < header) {
        return rn_fail(err, RN_ERR_INPUT, "%s: truncated: no whole IDX header", path);
    }
    uint64_t need = 1;
    bool fits = true;
    for (uint32_t i = 0; i < rank; i++) {
        const uint8_t *d = bytes + 4 + 4 * (size_t)i;
        out->dim[i] = (uint32_t)d[0] << 24 | (uint32_t)d[1] << 16 | (uint32_t)d[2] << 8 | d[3];
        if (out->dim[i] == 0) {
            return rn_fail(err, RN_ERR_INPUT, "%s: IDX dimension %u is 0", path, i);
        }
        fits = fits && checked_mul(need, out->dim[i], &need);
    }
    if (!fits || need != size - header) {
        return rn_fail(err, RN_ERR_INPUT,
                       "%s: %s: its header does not fit the %zu bytes that follow", path,
                       !fits || need > size - header ? "truncated" : "too long", size - header);
    }
    out->data = bytes + header;
    return RN_OK;
}
