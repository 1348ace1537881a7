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

const void *codegen_emit(Codegen *c, Arena *a, const ModelSpec *spec, CodegenFormat format,
                         size_t *bytes, CodegenStats *stats)
{
    double start = clock_seconds();
    Arena *scratch = arena_create();
    LLVMTargetMachineRef machine = machine_create(c->target);
    LLVMContextRef context = LLVMContextCreate();
    LLVMModuleRef module = LLVMModuleCreateWithNameInContext(spec->name, context);
    LLVMBuilderRef builder = LLVMCreateBuilderInContext(context);
    ModuleCtx m = {.codegen = c, .spec = spec, .arena = scratch};
    m.layout = LLVMCreateTargetDataLayout(machine);
    m.requests = intern_create(scratch);
    m.kernels = distinct_create(scratch, sizeof(const char *));
    set_triple(module, machine);
    LLVMSetModuleDataLayout(module, m.layout);
    vb_init(&m.vb, scratch, c->target, context, module, builder);
    start_debug_info(&m);
    emit_descriptor(&m);
    LLVMDIBuilderFinalize(m.debug);
    double built = clock_seconds();
    const void *out = module_write(machine, module, a, format, bytes);
    if (stats) {
        *stats = (CodegenStats){.kernels = m.functions.count,
                                .steps = m.steps,
                                .build_ms = 1e3 * (built - start),
                                .emit_ms = 1e3 * (clock_seconds() - built)};
    }
    LLVMDisposeDIBuilder(m.debug);
    LLVMDisposeBuilder(builder);
    LLVMDisposeTargetData(m.layout);
    LLVMDisposeModule(module);
    LLVMContextDispose(context);
    LLVMDisposeTargetMachine(machine);
    arena_destroy(scratch);
    return out;
}
