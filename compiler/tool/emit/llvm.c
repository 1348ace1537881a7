// llvm.c: --emit=llvm: the code as LLVM's text.
#include "tool/emit/emit.h"

static const void *make(Arena *a, Build *b, size_t *bytes)
{
    (void)a; // the code lies with the build
    return build_code(b, CODEGEN_LLVM, bytes);
}

const EmitDef emit_llvm = {
    .name = "llvm",
    .doc = "the code as LLVM's text",
    .needs = EMIT_NEEDS_CODE,
    .make = make,
};
