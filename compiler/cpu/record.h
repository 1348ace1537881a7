// record.h: constant structs whose layout is checked against the C compiler's.
#ifndef CPU_RECORD_H
#define CPU_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "cpu/codegen_internal.h"

#define RECORD_MAX_FIELDS 48

/// A struct under construction: fields in order of their offsets.
typedef struct Record {
    ModuleCtx *m;
    const char *type; // for the message when a layout differs
    size_t bytes;     // sizeof the C struct
    uint32_t count;
    Val field[RECORD_MAX_FIELDS];
    size_t offset[RECORD_MAX_FIELDS];
} Record;

#define RECORD(ctx, T) ((Record){.m = (ctx), .type = #T, .bytes = sizeof(T)})
#define PUT_INT(r, T, f, x) record_put_int((r), offsetof(T, f), sizeof(((T *)0)->f), (uint64_t)(x))
#define PUT_VAL(r, T, f, x) record_put((r), offsetof(T, f), (x))
#define PUT_WORDS(r, T, f, x)                                                                      \
    record_put((r), offsetof(T, f), record_words((r)->m, (x), sizeof((x)) / sizeof((x)[0])))
#define PUT_TEXT(r, T, f, x) record_put((r), offsetof(T, f), record_text((r)->m, (x)))

void record_put(Record *r, size_t offset, Val x);
void record_put_int(Record *r, size_t offset, size_t bytes, uint64_t x);
Val record_null(ModuleCtx *m);                   // a null pointer
Val record_text(ModuleCtx *m, const char *text); // a string's address; NULL gives a null pointer
/// A private constant of these bytes, aligned to 64, and its address; a null pointer without data.
Val record_bytes(ModuleCtx *m, const char *name, const void *data, uint64_t bytes);
Val record_f64(ModuleCtx *m, double x);
Val record_words(ModuleCtx *m, const uint32_t *word, uint32_t count); // an array in the struct
/// The constant struct. A layout that differs from the C compiler's is an internal error.
Val record_finish(Record *r);
/// A private constant array of records and its address; a null pointer if empty.
Val record_table(ModuleCtx *m, const char *name, const Val *element, uint32_t count);

#endif
