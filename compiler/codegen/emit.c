// emit.c: kernel functions, one per distinct request, and step functions, one per node.
// A step hands its arguments and a constant table of its values' places to the kernel, which loads
// the regions' base pointers and adds the places. A step is a few instructions (there are
// thousands), has its own name and a line in the .rn file, keeps its frame pointer and makes no
// tail call, so that backtraces and profiles speak of layers.
#include <stddef.h>
#include <string.h>

#include "base/diag.h"
#include "codegen/codegen_internal.h"

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
    const TargetDef *target = m->codegen->target;
    Val f = LLVMAddFunction(m->vb.module, name, type);
    LLVMSetLinkage(f, LLVMInternalLinkage);
    add_flag(m, f, "nounwind");
    add_flag(m, f, "noinline");
    add_attribute(m, f, "frame-pointer", "all");
    if (target->prefer_vector_width > 0) {
        add_attribute(m, f, "prefer-vector-width",
                      arena_printf(m->arena, "%u", target->prefer_vector_width));
    }
    return f;
}

// A step's or kernel's parameters: call, task_lo, task_hi, scratch; a kernel's table of places
// after them.
enum { PARAM_CALL, PARAM_LO, PARAM_HI, PARAM_SCRATCH, PARAM_PLACES, STEP_PARAMS = PARAM_PLACES };

static Typ function_type(ModuleCtx *m, uint32_t params)
{
    Vb *b = &m->vb;
    Typ types[5] = {b->ptr, b->i32, b->i32, b->ptr, b->ptr};
    return LLVMFunctionType(LLVMVoidTypeInContext(b->context), types, params, 0);
}

// Places: three u64 per value: region * 8, offset, slope.
#define PLACE_BYTES 24

static Val load_u64(Vb *b, Val p, int64_t offset)
{
    return vb_load_typed(b, b->i64, vb_ati(b, p, offset), 8);
}

// base[region] + offset + batch * slope
static Val value_address(Vb *b, Val places, uint32_t i, Val bases, Val batch)
{
    Val place = vb_ati(b, places, (int64_t)i * PLACE_BYTES);
    Val base = vb_load_typed(b, b->ptr, vb_at(b, bases, load_u64(b, place, 0)), 8);
    Val offset = vb_add(b, load_u64(b, place, 8), vb_mul(b, batch, load_u64(b, place, 16)));
    return vb_at(b, base, offset);
}

// From the step's arguments to what kernels see.
static void load_arguments(Emit *e, Val f)
{
    Vb *b = e->vb;
    const Node *n = e->node;
    Val places = LLVMGetParam(f, PARAM_PLACES);
    e->call = LLVMGetParam(f, PARAM_CALL);
    e->scratch = LLVMGetParam(f, PARAM_SCRATCH);
    e->task_lo = LLVMBuildZExt(b->builder, LLVMGetParam(f, PARAM_LO), b->i64, "");
    e->task_hi = LLVMBuildZExt(b->builder, LLVMGetParam(f, PARAM_HI), b->i64, "");
    Val bases = vb_load_typed(b, b->ptr, vb_ati(b, e->call, offsetof(RnCall, base)), 8);
    Val batch = vb_load_typed(b, b->i32, vb_ati(b, e->call, offsetof(RnCall, batch)), 4);
    e->batch = LLVMBuildZExt(b->builder, batch, b->i64, "");
    e->in = ARENA_ARRAY(b->arena, Val, n->inputs.count + 1);
    e->out = ARENA_ARRAY(b->arena, Val, n->outputs.count + 1);
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        e->in[i] = value_address(b, places, i, bases, e->batch);
    }
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        e->out[i] = value_address(b, places, n->inputs.count + i, bases, e->batch);
    }
}

static Val emit_kernel(ModuleCtx *m, const Node *n)
{
    const KernelDef *def = n->lowering->kernel_def;
    Vb *b = &m->vb;
    const char *name =
        arena_printf(m->arena, "kernel.%s.%s.%u", n->op->name, def->name, m->kernels.count);
    Val f = add_function(m, name, function_type(m, STEP_PARAMS + 1));
    Emit e = {.vb = b, .node = n, .lowering = n->lowering, .streams = streams_output(n)};
    b->function = f;
    LLVMSetCurrentDebugLocation2(b->builder, NULL);
    LLVMPositionBuilderAtEnd(b->builder, vb_block(b, "entry"));
    load_arguments(&e, f);
    def->emit(&e);
    if (e.streams) {
        vb_store_fence(b);
    }
    LLVMBuildRetVoid(b->builder);
    return f;
}

static Val kernel_of(ModuleCtx *m, const Node *n)
{
    const char *request = intern_str(m->requests, request_text(m->arena, n));
    for (uint32_t i = 0; i < m->kernels.count; i++) {
        if (m->kernels.at[i].request == request) {
            return m->kernels.at[i].function;
        }
    }
    KernelUse use = {.request = request, .function = emit_kernel(m, n)};
    VEC_PUSH(m->arena, &m->kernels, use);
    return use.function;
}

// Steps

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

static void describe_step(ModuleCtx *m, Val f, const Node *n, const char *symbol)
{
    uint32_t line = node_line(m->spec, n);
    const char *name = n->name ? n->name : n->op->name;
    LLVMMetadataRef scope = LLVMDIBuilderCreateFunction(
        m->debug, m->debug_file, name, strlen(name), symbol, strlen(symbol), m->debug_file, line,
        m->debug_type, 1, 1, line, LLVMDIFlagZero, 1);
    LLVMSetSubprogram(f, scope);
    LLVMMetadataRef at =
        LLVMDIBuilderCreateDebugLocation(m->vb.context, line, line ? 1 : 0, scope, NULL);
    LLVMSetCurrentDebugLocation2(m->vb.builder, at);
}

static void add_place(ModuleCtx *m, const Node *n, const Value *v, Val *entry)
{
    Vb *b = &m->vb;
    if (!v->place.placed) {
        INTERNAL_ERROR("%s: value %u has no place", n->name, v->id);
    }
    entry[0] = LLVMConstInt(b->i64, (uint64_t)v->place.region * 8, 0);
    entry[1] = LLVMConstInt(b->i64, v->place.offset, 0);
    entry[2] = LLVMConstInt(b->i64, v->place.slope, 0);
}

static Val place_table(ModuleCtx *m, const Node *n)
{
    uint32_t count = n->inputs.count + n->outputs.count;
    Val *entry = ARENA_ARRAY(m->arena, Val, count * 3 + 1);
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        add_place(m, n, n->inputs.at[i], &entry[i * 3]);
    }
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        add_place(m, n, n->outputs.at[i], &entry[(n->inputs.count + i) * 3]);
    }
    Val table = LLVMConstArray2(m->vb.i64, entry, count * 3);
    Val global = LLVMAddGlobal(m->vb.module, LLVMTypeOf(table), ".places");
    LLVMSetInitializer(global, table);
    LLVMSetLinkage(global, LLVMPrivateLinkage);
    LLVMSetGlobalConstant(global, 1);
    LLVMSetAlignment(global, 8);
    return global;
}

static const char *symbol_of(ModuleCtx *m, const Node *n, const char *plan)
{
    char *s = arena_printf(m->arena, "%s.%s.%s.%s", m->spec->name, plan, n->name ? n->name : "",
                           n->op->name);
    for (char *c = s; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= '0' && *c <= '9') || *c == '_' || *c == '.';
        *c = plain ? *c : '_';
    }
    return s;
}

Val emit_step(ModuleCtx *m, const Node *n, const char *plan)
{
    Vb *b = &m->vb;
    Val kernel = kernel_of(m, n);
    const char *symbol = symbol_of(m, n, plan);
    Val f = add_function(m, symbol, function_type(m, STEP_PARAMS));
    add_flag(m, f, "optnone"); // there are thousands, with nothing to optimise
    b->function = f;
    LLVMPositionBuilderAtEnd(b->builder, vb_block(b, "entry"));
    describe_step(m, f, n, symbol);
    Val args[STEP_PARAMS + 1];
    LLVMGetParams(f, args);
    args[PARAM_PLACES] = place_table(m, n);
    Typ type = LLVMGlobalGetValueType(kernel);
    Val run = LLVMBuildCall2(b->builder, type, kernel, args, STEP_PARAMS + 1, "");
    LLVMSetTailCallKind(run, LLVMTailCallKindNoTail);
    LLVMBuildRetVoid(b->builder);
    LLVMSetCurrentDebugLocation2(b->builder, NULL);
    m->steps++;
    return f;
}
