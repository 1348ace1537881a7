// kernel_run.c: one kernel function, compiled and called.
#define _DEFAULT_SOURCE // MAP_ANONYMOUS
#include "support/kernel_run.h"

#include <llvm-c/Core.h>
#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cpu/target.h"

struct KernelRun {
    Arena *arena;
    LLVMOrcLLJITRef jit;
    RnKernelFn fn;
};

static void check(LLVMErrorRef e)
{
    if (e) {
        fprintf(stderr, "kernel_run: %s\n", LLVMGetErrorMessage(e));
        abort();
    }
}

// No result lies on an operand, or it would not be stored around the caches.
static void set_places(Node *n)
{
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        n->inputs.at[i]->place.offset = i + 1;
    }
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        n->outputs.at[i]->place.offset = n->inputs.count + i + 1;
    }
}

static const void *compile(Arena *a, const TargetDef *target, Node *node, CodegenFormat format,
                           size_t *bytes)
{
    set_places(node);
    const Codegen *c = codegen_create(a, target, NULL);
    return codegen_emit_kernel(c, a, node, "run", format, bytes);
}

const char *kernel_run_assembly(Arena *a, const TargetDef *target, Node *node)
{
    size_t bytes;
    const char *text = compile(a, target, node, CODEGEN_ASSEMBLY, &bytes);
    return arena_strndup(a, text, bytes);
}

// KERNEL_RUN_DUMP=FILE keeps the assembly.
static void dump(const TargetDef *target, Node *node)
{
    const char *path = getenv("KERNEL_RUN_DUMP");
    FILE *f = path ? fopen(path, "w") : NULL;
    if (f) {
        Arena *a = arena_create();
        fputs(kernel_run_assembly(a, target, node), f);
        arena_destroy(a);
        fclose(f);
    }
}

KernelRun *kernel_run_create(const TargetDef *target, Node *node)
{
    dump(target, node);
    Arena *arena = arena_create();
    KernelRun *r = ARENA_NEW(arena, KernelRun);
    r->arena = arena;
    size_t bytes;
    const void *object = compile(arena, target, node, CODEGEN_OBJECT, &bytes);
    check(LLVMOrcCreateLLJIT(&r->jit, NULL));
    LLVMOrcJITDylibRef lib = LLVMOrcLLJITGetMainJITDylib(r->jit);
    LLVMOrcDefinitionGeneratorRef process = NULL;
    check(LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(
        &process, LLVMOrcLLJITGetGlobalPrefix(r->jit), NULL, NULL));
    LLVMOrcJITDylibAddGenerator(lib, process);
    check(LLVMOrcLLJITAddObjectFile(
        r->jit, lib, LLVMCreateMemoryBufferWithMemoryRangeCopy(object, bytes, "kernel.o")));
    LLVMOrcExecutorAddress address = 0;
    check(LLVMOrcLLJITLookup(r->jit, &address, "run"));
    r->fn = (RnKernelFn)(uintptr_t)address;
    return r;
}

void kernel_run_call(const KernelRun *r, const RnCall *call, int64_t lo, int64_t hi, void *scratch,
                     void *const *pointers)
{
    r->fn(call, (uint32_t)lo, (uint32_t)hi, scratch, pointers);
}

void kernel_run_destroy(KernelRun *r)
{
    if (r) {
        check(LLVMOrcDisposeLLJIT(r->jit));
        arena_destroy(r->arena);
    }
}

#define CANARY 0xC5

GuardBlock guard_block(size_t bytes, bool at_end)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t inside = (bytes + page) / page * page;
    GuardBlock g = {.map_bytes = inside + 2 * page, .bytes = bytes};
    g.map = mmap(NULL, g.map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *first = (char *)g.map + page;
    if (g.map == MAP_FAILED || mprotect(first, inside, PROT_READ | PROT_WRITE)) {
        perror("guard_block");
        abort();
    }
    memset(first, CANARY, inside);
    g.at = at_end ? first + (inside - bytes) / 64 * 64 : first;
    memset(g.at, 0xFF, bytes); // NaN as float
    return g;
}

bool guard_block_clean(const GuardBlock *g)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const unsigned char *lo = (const unsigned char *)g->map + page;
    const unsigned char *hi = (const unsigned char *)g->map + g->map_bytes - page;
    const unsigned char *at = g->at;
    for (const unsigned char *p = lo; p < hi; p++) {
        if ((p < at || p >= at + g->bytes) && *p != CANARY) {
            return false;
        }
    }
    return true;
}

void guard_block_free(GuardBlock *g)
{
    munmap(g->map, g->map_bytes);
    *g = (GuardBlock){0};
}
