// kernel_run.c: one kernel function, compiled and called.
#define _DEFAULT_SOURCE // MAP_ANONYMOUS
#include "support/kernel_run.h"

#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Target.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cpu/object.h"

typedef void (*RunFn)(void *const *pointers, int64_t batch, int64_t lo, int64_t hi, void *scratch,
                      const void *call);

struct KernelRun {
    Arena *arena;
    LLVMOrcLLJITRef jit;
    RunFn fn;
};

static void check(LLVMErrorRef e)
{
    if (e) {
        fprintf(stderr, "kernel_run: %s\n", LLVMGetErrorMessage(e));
        abort();
    }
}

static void add_attribute(Vb *b, Val f, const char *key, const char *value)
{
    LLVMAttributeRef a = LLVMCreateStringAttribute(b->context, key, (unsigned)strlen(key), value,
                                                   (unsigned)strlen(value));
    LLVMAddAttributeAtIndex(f, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, a);
}

// void run(ptr pointers, i64 batch, i64 lo, i64 hi, ptr scratch, ptr call)
static void emit_kernel(Vb *b, const KernelDef *kernel, Node *node)
{
    Typ params[6] = {b->ptr, b->i64, b->i64, b->i64, b->ptr, b->ptr};
    Typ type = LLVMFunctionType(LLVMVoidTypeInContext(b->context), params, 6, 0);
    Val f = LLVMAddFunction(b->module, "run", type);
    if (b->target->isa->prefer_vector_width > 0) {
        add_attribute(b, f, "prefer-vector-width",
                      arena_printf(b->arena, "%u", b->target->isa->prefer_vector_width));
    }
    b->function = f;
    LLVMPositionBuilderAtEnd(b->builder, vb_block(b, "entry"));
    Emit e = {.vb = b, .node = node, .lowering = node->lowering};
    uint32_t inputs = node->inputs.count, all = inputs + node->outputs.count;
    Val *at = ARENA_ARRAY(b->arena, Val, all + 1);
    for (uint32_t i = 0; i < all; i++) {
        at[i] = vb_load_typed(b, b->ptr, vb_ati(b, LLVMGetParam(f, 0), (int64_t)i * 8), 8);
    }
    e.in = at;
    e.out = at + inputs;
    e.batch = LLVMGetParam(f, 1);
    e.task_lo = LLVMGetParam(f, 2);
    e.task_hi = LLVMGetParam(f, 3);
    e.scratch = LLVMGetParam(f, 4);
    e.call = LLVMGetParam(f, 5);
    kernel->emit(&e);
    LLVMBuildRetVoid(b->builder);
}

static const void *compile(Arena *a, const TargetDef *target, const KernelDef *kernel, Node *node,
                           size_t *bytes)
{
    LLVMTargetMachineRef machine = machine_create(target);
    LLVMContextRef context = LLVMContextCreate();
    LLVMModuleRef module = LLVMModuleCreateWithNameInContext("kernel", context);
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(context);
    LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(machine);
    char *triple = LLVMGetTargetMachineTriple(machine);
    LLVMSetTarget(module, triple);
    LLVMDisposeMessage(triple);
    LLVMSetModuleDataLayout(module, layout);
    Vb b;
    vb_init(&b, a, target, context, module, builder);
    emit_kernel(&b, kernel, node);
    const char *dump = getenv("KERNEL_RUN_DUMP");
    if (dump) {
        size_t length;
        const void *text = module_write(machine, module, a, CODEGEN_ASSEMBLY, &length);
        FILE *f = fopen(dump, "w");
        if (f) {
            fwrite(text, 1, length, f);
            fclose(f);
        }
    }
    const void *object = module_write(machine, module, a, CODEGEN_OBJECT, bytes);
    LLVMDisposeBuilder(builder);
    LLVMDisposeTargetData(layout);
    LLVMDisposeModule(module);
    LLVMContextDispose(context);
    LLVMDisposeTargetMachine(machine);
    return object;
}

KernelRun *kernel_run_create(const TargetDef *target, const KernelDef *kernel, Node *node)
{
    Arena *arena = arena_create();
    KernelRun *r = ARENA_NEW(arena, KernelRun);
    r->arena = arena;
    size_t bytes;
    const void *object = compile(arena, target, kernel, node, &bytes);
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
    r->fn = (RunFn)(uintptr_t)address;
    return r;
}

void kernel_run_call(const KernelRun *r, void *const *pointers, int64_t batch, int64_t lo,
                     int64_t hi, void *scratch, const void *call)
{
    r->fn(pointers, batch, lo, hi, scratch, call);
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
