// val.h: the values of compile-time expressions.
#ifndef FRONT_VAL_H
#define FRONT_VAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "ir/graph.h"

typedef enum ValKind {
    VAL_POISON, // what an error left; silences what follows from it
    VAL_NONE,
    VAL_BOOL,
    VAL_INT,
    VAL_FLOAT,
    VAL_TEXT,
    VAL_LIST,
    VAL_TENSOR,
} ValKind;

typedef struct Val Val;
struct Val {
    ValKind kind;
    union {
        bool truth;
        int64_t integer;
        double real;
        const char *text;
        Value *tensor;
        struct {
            const Val *at;
            uint32_t count;
            uint32_t depth; // 1 + that of the deepest list inside
            uint32_t size;  // elements, those of lists inside too; saturates
        } list;
    } u;
};

Val val_poison(void);
Val val_none(void);
Val val_bool(bool x);
Val val_int(int64_t x);
Val val_float(double x);
Val val_text(const char *x);
Val val_tensor(Value *x);
/// The list's depth and size are worked out here; the elements are borrowed.
Val val_list(const Val *at, uint32_t count);

/// "an integer", "a list", ... and with the value: "the integer 3", "the list [1, 2]".
const char *val_kind_text(ValKind kind);
const char *val_describe(Arena *a, const Val *v);
/// Prints it as it would be written; long lists are shortened.
void val_print(const Val *v, StrBuf *out);
bool val_is_number(const Val *v);
double val_number(const Val *v);
/// Different kinds are unequal, except integers and floats of one value.
bool val_equal(const Val *a, const Val *b);
/// Whether a list holds tensors only, and at least one.
bool val_is_tensors(const Val *v);

#endif
