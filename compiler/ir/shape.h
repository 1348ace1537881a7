// shape.h: shapes and memory layouts of values.
// Letters: n c h w (batch, channels, height, width), k r s (filters, filter rows, filter columns).
#ifndef IR_SHAPE_H
#define IR_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "ir/elem.h"

#define SHAPE_MAX_RANK 6
#define DIM_BATCH INT64_C(-1) // dim[0] of a batched value: any batch from 1 up at run time

typedef struct Shape {
    uint32_t rank;
    int64_t dim[SHAPE_MAX_RANK];
} Shape;

/// No tensor has more elements (of one image) than this; the builder refuses larger ones.
#define SHAPE_MAX_ELEMENTS (INT64_C(1) << 40)

Shape shape_vector(int64_t n);                                   // [n]
Shape shape_image(int64_t c, int64_t h, int64_t w);              // [N,c,h,w]
Shape shape_features(int64_t c);                                 // [N,c]
Shape shape_batch(void);                                         // [N]
Shape shape_weights(int64_t k, int64_t c, int64_t r, int64_t s); // [k,c,r,s]
bool shape_equal(const Shape *a, const Shape *b);
bool shape_is_batched(const Shape *s);
/// Whether every dimension is positive and shape_elements is within SHAPE_MAX_ELEMENTS.
bool shape_fits(const Shape *s);
/// Product of the dimensions without the batch; for an unbatched shape, of all. INT64_MAX instead
/// of an overflow.
int64_t shape_elements(const Shape *s);
/// c of a batched [N,c...] shape, 1 of [N]; dim[0] of an unbatched shape ([c], [k,c,r,s]).
/// h and w are dim[2] and dim[3], 1 where the shape has none.
int64_t shape_channels(const Shape *s);
int64_t shape_height(const Shape *s);
int64_t shape_width(const Shape *s);
/// "f32[N,64,24,24]"
void shape_print(StrBuf *out, const Shape *s, Elem elem);

/// One dimension of a packed tensor: index i in [0, extent) moves source coordinate `coord` by coef
/// * i.
typedef struct PackDim {
    int32_t extent;
    int32_t coord;
    int32_t coef;
} PackDim;

#define PACK_MAX_DIMS 10

/// A packed tensor is a rearranged source tensor: element (i0, i1, ...) in C order is the source
/// element whose coordinate j is base[j] + sum of coef*i over the dims of coord j; outside the
/// source it is 0. Serves every direct kernel's weights, rotation, phases, padding of vectors, and
/// backwards (unpack) the weight gradients. `next` is packed right behind (phases have different
/// sizes). With fold[1] > 0 the source is a grouped weight of fold[0] filters by fold[1] channels
/// per group and is seen from its channels: coordinate 1 counts those of all groups, coordinate 0
/// the filters of the channel's own group.
typedef struct Packing {
    uint32_t dims;
    PackDim dim[PACK_MAX_DIMS];
    int32_t base[SHAPE_MAX_RANK];
    int32_t fold[2];
    const struct Packing *next;
} Packing;

int64_t packing_elements(const Packing *p); // including next
bool packing_equal(const Packing *a, const Packing *b);

typedef enum LayoutKind {
    LAYOUT_PLAIN,    // C order, framework layout
    LAYOUT_BLOCKED,  // [n][ceil(c/block)][h][w][block], lanes past c are zero
    LAYOUT_PACKED,   // a weight as its Packing says
    LAYOUT_OPAQUE,   // known to the kernels at both ends only (Winograd weights)
    LAYOUT_PARTIALS, // partial channel sums [parts][terms][padded c] of a value [terms,c]
} LayoutKind;

/// How a value lies in memory. Extents are in elements; what an element takes, `elem` says.
typedef struct Layout {
    LayoutKind kind;
    Elem elem;      // what is stored
    uint32_t block; // LAYOUT_BLOCKED, and what c is padded to a multiple of in LAYOUT_PARTIALS
    const Packing *packing; // LAYOUT_PACKED
    uint64_t elements;      // LAYOUT_OPAQUE, not batched
    const char *tag; // LAYOUT_OPAQUE: names algorithm and parameters; equal tags, equal content
} Layout;

bool layout_equal(const Layout *a, const Layout *b);
void layout_print(StrBuf *out, const Layout *l);
/// Bytes of a value of this shape in this layout: fixed part, and part per image. Partials: `fixed`
/// is one part; the planner multiplies it by the number of parts.
void layout_bytes(const Shape *s, const Layout *l, uint64_t *fixed, uint64_t *per_image);

#endif
