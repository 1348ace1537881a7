// asm.c: --emit=asm: the code as the target's assembly.
#include "tool/emit/emit.h"

static const void *make(Arena *a, Build *b, size_t *bytes)
{
    (void)a; // the code lies with the build
    return build_code(b, CODEGEN_ASSEMBLY, bytes);
}

const EmitDef emit_asm = {
    .name = "asm",
    .doc = "the code as the target's assembly",
    .needs = EMIT_NEEDS_CODE,
    .make = make,
};
