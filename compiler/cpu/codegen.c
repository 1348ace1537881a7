// codegen.c: a model's module from start to bytes.
#include "cpu/codegen.h"

#include <string.h>

#include "base/clock.h"
#include "base/internal_error.h"
#include "cpu/codegen_internal.h"
#include "cpu/object.h"

static const OpDef **kernel_ops(Arena *a)
{
    const OpDef **ops = ARENA_ARRAY(a, const OpDef *, kernel_table_count);
    for (size_t i = 0; i < kernel_table_count; i++) {
        ops[i] = op_find(kernel_table[i]->op);
        if (!ops[i]) {
            INTERNAL_ERROR("kernel %s serves %s, which is no operator", kernel_table[i]->name,
                           kernel_table[i]->op);
        }
    }
    return ops;
}

Codegen *codegen_create(Arena *a, const TargetDef *target, const KernelOptions *options)
{
    Codegen *c = ARENA_NEW(a, Codegen);
    c->arena = a;
    c->target = target;
    c->options = options ? *options : (KernelOptions){0};
    c->serves = kernel_ops(a);
    c->plans = plan_cache_create(a);
    return c;
}

static void add_module_flag(ModuleCtx *m, LLVMModuleFlagBehavior how, const char *key, uint32_t x)
{
    LLVMMetadataRef value = LLVMValueAsMetadata(LLVMConstInt(m->vb.i32, x, 0));
    LLVMAddModuleFlag(m->vb.module, how, key, strlen(key), value);
}

static void start_debug_info(ModuleCtx *m)
{
    m->debug = LLVMCreateDIBuilder(m->vb.module);
    const SourceFile *file =
        m->spec->sources ? source_file(m->spec->sources, m->spec->main_file) : NULL;
    const char *path = file ? file->path : "model.rn";
    m->debug_file = LLVMDIBuilderCreateFile(m->debug, path, strlen(path), ".", 1);
    const char *producer = m->spec->compiler;
    // Lines only: debuggers and profilers take a step's name from the symbol, and a record per step
    // would be as large as its code.
    LLVMDIBuilderCreateCompileUnit(m->debug, LLVMDWARFSourceLanguageC11, m->debug_file, producer,
                                   strlen(producer), 1, "", 0, 0, "", 0,
                                   LLVMDWARFEmissionLineTablesOnly, 0, 0, 0, "", 0, "", 0);
    m->debug_type =
        LLVMDIBuilderCreateSubroutineType(m->debug, m->debug_file, NULL, 0, LLVMDIFlagZero);
    add_module_flag(m, LLVMModuleFlagBehaviorWarning, "Debug Info Version",
                    LLVMDebugMetadataVersion());
    add_module_flag(m, LLVMModuleFlagBehaviorWarning, "Dwarf Version", 4);
    add_module_flag(m, LLVMModuleFlagBehaviorError, "PIC Level", 2);
}

static void set_triple(LLVMModuleRef module, LLVMTargetMachineRef machine)
{
    char *triple = LLVMGetTargetMachineTriple(machine);
    LLVMSetTarget(module, triple);
    LLVMDisposeMessage(triple);
}

// LLVM's objects around one module. Everything of ours lies in the arena of m.
typedef struct Module {
    ModuleCtx m;
    LLVMTargetMachineRef machine;
    LLVMContextRef context;
} Module;

static Module open_module(const Codegen *c, const char *name)
{
    Module o = {.machine = machine_create(c->target), .context = LLVMContextCreate()};
    LLVMModuleRef module = LLVMModuleCreateWithNameInContext(name, o.context);
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(o.context);
    o.m = (ModuleCtx){.codegen = c, .arena = arena_create()};
    o.m.layout = LLVMCreateTargetDataLayout(o.machine);
    o.m.requests = intern_create(o.m.arena);
    o.m.kernels = distinct_create(o.m.arena, sizeof(const char *));
    set_triple(module, o.machine);
    LLVMSetModuleDataLayout(module, o.m.layout);
    vb_init(&o.m.vb, o.m.arena, c->target, o.context, module, builder);
    return o;
}

static void close_module(Module *o)
{
    LLVMDisposeBuilder(o->m.vb.builder);
    LLVMDisposeTargetData(o->m.layout);
    LLVMDisposeModule(o->m.vb.module);
    LLVMContextDispose(o->context);
    LLVMDisposeTargetMachine(o->machine);
    arena_destroy(o->m.arena);
}

const void *codegen_emit(Codegen *c, Arena *a, const ModelSpec *spec, CodegenFormat format,
                         size_t *bytes, CodegenStats *stats)
{
    double start = clock_seconds();
    Module o = open_module(c, spec->name);
    o.m.spec = spec;
    start_debug_info(&o.m);
    emit_descriptor(&o.m);
    LLVMDIBuilderFinalize(o.m.debug);
    double built = clock_seconds();
    const void *out = module_write(o.machine, o.m.vb.module, a, format, bytes);
    if (stats) {
        *stats = (CodegenStats){.kernels = o.m.functions.count,
                                .steps = o.m.steps,
                                .build_ms = 1e3 * (built - start),
                                .emit_ms = 1e3 * (clock_seconds() - built)};
    }
    LLVMDisposeDIBuilder(o.m.debug);
    close_module(&o);
    return out;
}

const void *codegen_emit_kernel(const Codegen *c, Arena *a, const Node *n, const char *name,
                                CodegenFormat format, size_t *bytes)
{
    Module o = open_module(c, name);
    Val f = emit_kernel(&o.m, n);
    LLVMSetValueName2(f, name, strlen(name));
    LLVMSetLinkage(f, LLVMExternalLinkage);
    const void *out = module_write(o.machine, o.m.vb.module, a, format, bytes);
    close_module(&o);
    return out;
}
