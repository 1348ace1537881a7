// record.c: constant structs whose layout is checked against the C compiler's.
#include "cpu/record.h"

#include <string.h>

#include "base/internal_error.h"

void record_put(Record *r, size_t offset, Val x)
{
    if (r->count == RECORD_MAX_FIELDS) {
        INTERNAL_ERROR("%s has more than %d fields", r->type, RECORD_MAX_FIELDS);
    }
    r->field[r->count] = x;
    r->offset[r->count++] = offset;
}

void record_put_int(Record *r, size_t offset, size_t bytes, uint64_t x)
{
    Typ type = LLVMIntTypeInContext(r->m->vb.context, (unsigned)bytes * 8);
    record_put(r, offset, LLVMConstInt(type, x, 0));
}

Val record_null(ModuleCtx *m)
{
    return LLVMConstNull(m->vb.ptr);
}

Val record_text(ModuleCtx *m, const char *text)
{
    Vb *b = &m->vb;
    if (!text) {
        return record_null(m);
    }
    Val bytes = LLVMConstStringInContext2(b->context, text, strlen(text), 0);
    Val global = LLVMAddGlobal(b->module, LLVMTypeOf(bytes), ".text");
    LLVMSetInitializer(global, bytes);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetGlobalConstant(global, 1);
    LLVMSetUnnamedAddress(global, LLVMGlobalUnnamedAddr);
    LLVMSetAlignment(global, 1);
    return global;
}

Val record_bytes(ModuleCtx *m, const char *name, const void *data, uint64_t bytes)
{
    Vb *b = &m->vb;
    if (!data || bytes == 0) {
        return record_null(m);
    }
    Val content = LLVMConstStringInContext2(b->context, data, bytes, 1);
    Val global = LLVMAddGlobal(b->module, LLVMTypeOf(content), name);
    LLVMSetInitializer(global, content);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetGlobalConstant(global, 1);
    LLVMSetAlignment(global, 64);
    return global;
}

Val record_f64(ModuleCtx *m, double x)
{
    return LLVMConstReal(m->vb.f64, x);
}

Val record_words(ModuleCtx *m, const uint32_t *word, uint32_t count)
{
    Typ i32 = LLVMInt32TypeInContext(m->vb.context);
    Val *values = ARENA_ARRAY(m->arena, Val, count);
    for (uint32_t i = 0; i < count; i++) {
        values[i] = LLVMConstInt(i32, word[i], 0);
    }
    return LLVMConstArray2(i32, values, count);
}

Val record_finish(Record *r)
{
    ModuleCtx *m = r->m;
    Val s = LLVMConstStructInContext(m->vb.context, r->field, r->count, 0);
    Typ type = LLVMTypeOf(s);
    for (uint32_t i = 0; i < r->count; i++) {
        if (LLVMOffsetOfElement(m->layout, type, i) != r->offset[i]) {
            INTERNAL_ERROR("%s: field %u stands at %zu in C, at %llu in the object", r->type, i,
                           r->offset[i], LLVMOffsetOfElement(m->layout, type, i));
        }
    }
    if (LLVMABISizeOfType(m->layout, type) != r->bytes) {
        INTERNAL_ERROR("%s has %zu bytes in C, %llu in the object", r->type, r->bytes,
                       LLVMABISizeOfType(m->layout, type));
    }
    return s;
}

Val record_table(ModuleCtx *m, const char *name, const Val *element, uint32_t count)
{
    Vb *b = &m->vb;
    if (count == 0) {
        return record_null(m);
    }
    Val *copy = ARENA_ARRAY(m->arena, Val, count);
    memcpy(copy, element, count * sizeof copy[0]);
    Val array = LLVMConstArray2(LLVMTypeOf(copy[0]), copy, count);
    Val global = LLVMAddGlobal(b->module, LLVMTypeOf(array), name);
    LLVMSetInitializer(global, array);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetGlobalConstant(global, 1);
    LLVMSetAlignment(global, 16);
    return global;
}
