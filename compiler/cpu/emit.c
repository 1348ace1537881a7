// emit.c: kernel functions, one per distinct request, and layer functions, one per layer.
// A layer function calls the kernel that it is given: it has the layer's name and its line in the
// .rn file, keeps its frame pointer and makes no tail call, so that backtraces and profiles speak
// of layers.
#include <stddef.h>
#include <string.h>

#include "base/diag.h"
#include "cpu/codegen_internal.h"

static void add_attribute(ModuleCtx *m, Val function, const char *key, const char *value)
{
    LLVMAttributeRef a = LLVMCreateStringAttribute(m->vb.context, key, (unsigned)strlen(key), value,
                                                   (unsigned)strlen(value));
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, a);
}

static void add_flag(ModuleCtx *m, Val function, const char *name)
{
    unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
    LLVMAttributeRef a = LLVMCreateEnumAttribute(m->vb.context, kind, 0);
    LLVMAddAttributeAtIndex(function, (LLVMAttributeIndex)LLVMAttributeFunctionIndex, a);
}

static Val add_function(ModuleCtx *m, const char *name, Typ type)
{
    const Isa *isa = m->codegen->target->isa;
    Val f = LLVMAddFunction(m->vb.module, name, type);
    LLVMSetLinkage(f, LLVMInternalLinkage);
    add_flag(m, f, "nounwind");
    add_flag(m, f, "noinline");
    add_attribute(m, f, "frame-pointer", "all");
    if (isa->prefer_vector_width > 0) {
        add_attribute(m, f, "prefer-vector-width",
                      arena_printf(m->arena, "%u", isa->prefer_vector_width));
    }
    return f;
}

// A kernel's parameters (RnKernelFn); a layer function's have the kernel behind them (RnLayerFn).
enum {
    PARAM_CALL,
    PARAM_LO,
    PARAM_HI,
    PARAM_SCRATCH,
    PARAM_AT,
    KERNEL_PARAMS,
    PARAM_KERNEL = KERNEL_PARAMS,
    LAYER_PARAMS
};

static Typ function_type(ModuleCtx *m, uint32_t params)
{
    Vb *b = &m->vb;
    Typ types[LAYER_PARAMS] = {b->ptr, b->i32, b->i32, b->ptr, b->ptr, b->ptr};
    return LLVMFunctionType(LLVMVoidTypeInContext(b->context), types, params, 0);
}

// Pointer i of a run of pointers.
static Val load_pointer(Vb *b, Val p, uint32_t i)
{
    return vb_load_typed(b, b->ptr, vb_ati(b, p, (int64_t)(i * sizeof(void *))), 8);
}

// From the kernel's arguments to what its emitter sees.
static void load_arguments(Emit *e, Val f)
{
    Vb *b = e->vb;
    const Node *n = e->node;
    Val at = LLVMGetParam(f, PARAM_AT);
    e->call = LLVMGetParam(f, PARAM_CALL);
    e->scratch = LLVMGetParam(f, PARAM_SCRATCH);
    e->task_lo = LLVMBuildZExt(b->builder, LLVMGetParam(f, PARAM_LO), b->i64, "");
    e->task_hi = LLVMBuildZExt(b->builder, LLVMGetParam(f, PARAM_HI), b->i64, "");
    Val batch = vb_load_typed(b, b->i32, vb_ati(b, e->call, offsetof(RnCall, batch)), 4);
    e->batch = LLVMBuildZExt(b->builder, batch, b->i64, "");
    e->in = ARENA_ARRAY(b->arena, Val, n->inputs.count + 1);
    e->out = ARENA_ARRAY(b->arena, Val, n->outputs.count + 1);
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        e->in[i] = load_pointer(b, at, i);
    }
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        e->out[i] = load_pointer(b, at, n->inputs.count + i);
    }
}

static Val emit_function(ModuleCtx *m, const Node *n)
{
    const KernelDef *def = n->lowering->kernel_def;
    Vb *b = &m->vb;
    const char *name =
        arena_printf(m->arena, "kernel.%s.%s.%u", n->op->name, def->name, m->functions.count);
    Val f = add_function(m, name, function_type(m, KERNEL_PARAMS));
    Emit e = {.vb = b, .node = n, .lowering = n->lowering, .streams = streams_output(n)};
    b->function = f;
    LLVMSetCurrentDebugLocation2(b->builder, NULL);
    LLVMPositionBuilderAtEnd(b->builder, vb_block(b, "entry"));
    load_arguments(&e, f);
    def->emit(&e);
    if (e.streams) {
        access_fence(b);
    }
    LLVMBuildRetVoid(b->builder);
    return f;
}

Val emit_kernel(ModuleCtx *m, const Node *n)
{
    const char *request = intern_str(m->requests, request_text(m->arena, n));
    uint32_t i = distinct_add(&m->kernels, &request);
    if (i == m->functions.count) {
        VEC_PUSH(m->arena, &m->functions, emit_function(m, n));
    }
    return m->functions.at[i];
}

// Layers

// The place nearest to the node that lies in the .rn file itself: its own, or the call that led to
// it.
static SrcRange place_in_main(const ModelSpec *spec, const Node *n)
{
    SrcRange at = n->loc.range;
    for (const Expansion *x = n->loc.via; at.file != spec->main_file && x; x = x->parent) {
        at = x->call;
    }
    return at.file == spec->main_file ? at : (SrcRange){0, 0, 0};
}

uint32_t node_line(const ModelSpec *spec, const Node *n)
{
    SrcRange at = place_in_main(spec, n);
    uint32_t line = 0, column = 0;
    if (at.file != 0 && spec->sources) {
        source_locate(spec->sources, at.file, at.begin, &line, &column);
    }
    return line;
}

static void describe_layer(ModuleCtx *m, Val f, const char *name, const char *symbol, uint32_t line)
{
    LLVMMetadataRef scope = LLVMDIBuilderCreateFunction(
        m->debug, m->debug_file, name, strlen(name), symbol, strlen(symbol), m->debug_file, line,
        m->debug_type, 1, 1, line, LLVMDIFlagZero, 1);
    LLVMSetSubprogram(f, scope);
    LLVMMetadataRef at =
        LLVMDIBuilderCreateDebugLocation(m->vb.context, line, line ? 1 : 0, scope, NULL);
    LLVMSetCurrentDebugLocation2(m->vb.builder, at);
}

static const char *symbol_of(ModuleCtx *m, const char *layer)
{
    char *s = arena_printf(m->arena, "%s.%s", m->spec->name, layer);
    for (char *c = s; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= '0' && *c <= '9') || *c == '_' || *c == '.';
        *c = plain ? *c : '_';
    }
    return s;
}

Val emit_layer(ModuleCtx *m, const char *name, uint32_t line)
{
    Vb *b = &m->vb;
    name = name[0] ? name : "layer";
    const char *symbol = symbol_of(m, name);
    Val f = add_function(m, symbol, function_type(m, LAYER_PARAMS));
    add_flag(m, f, "optnone"); // there are many, with nothing to optimise
    b->function = f;
    LLVMPositionBuilderAtEnd(b->builder, vb_block(b, "entry"));
    describe_layer(m, f, name, symbol, line);
    Val args[LAYER_PARAMS];
    LLVMGetParams(f, args);
    Val run = LLVMBuildCall2(b->builder, function_type(m, KERNEL_PARAMS), args[PARAM_KERNEL], args,
                             KERNEL_PARAMS, "");
    LLVMSetTailCallKind(run, LLVMTailCallKindNoTail);
    LLVMBuildRetVoid(b->builder);
    LLVMSetCurrentDebugLocation2(b->builder, NULL);
    return f;
}
