// object.c: --emit=object: the model as native code, a relocatable ELF object.
#include "tool/emit/emit.h"

static const void *make(Arena *a, Build *b, size_t *bytes)
{
    (void)a; // the code lies with the build
    return build_code(b, CODEGEN_OBJECT, bytes);
}

const EmitDef emit_object = {
    .name = "object",
    .doc = "the model as native code, a relocatable ELF object",
    .needs = EMIT_NEEDS_CODE,
    .is_binary = true,
    .make = make,
};
