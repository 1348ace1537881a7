// emit.c: kernel functions, one per distinct request, and step functions, one per node.
// A step loads the base pointers of the regions, adds the places of its values and calls its kernel. It is
// small, has its own name and a line in the .rn file, keeps its frame pointer and makes no tail call, so
// that backtraces and profiles speak of layers.
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

static Typ kernel_type(ModuleCtx *m, const Node *n)
{
    Vb *b = &m->vb;
    uint32_t pointers = n->inputs.count + n->outputs.count;
    Typ *params = ARENA_ARRAY(m->arena, Typ, pointers + 5);
    for (uint32_t i = 0; i < pointers; i++) {
        params[i] = b->ptr;
    }
    Typ tail[5] = {b->i64, b->i64, b->i64, b->ptr, b->ptr};
    memcpy(params + pointers, tail, sizeof tail);
    return LLVMFunctionType(LLVMVoidTypeInContext(b->context), params, pointers + 5, 0);
}

static Val emit_kernel(ModuleCtx *m, const Node *n)
{
    const KernelDef *def = n->lowering->kernel_def;
    Vb *b = &m->vb;
    const char *name =
        arena_printf(m->arena, "kernel.%s.%s.%u", n->op->name, def->name, m->kernels.count);
    Val f = add_function(m, name, kernel_type(m, n));
    Emit e = {.vb = b, .node = n, .lowering = n->lowering};
    uint32_t next = 0;
    e.in = ARENA_ARRAY(m->arena, Val, n->inputs.count + 1);
    e.out = ARENA_ARRAY(m->arena, Val, n->outputs.count + 1);
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        e.in[i] = LLVMGetParam(f, next++);
    }
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        e.out[i] = LLVMGetParam(f, next++);
    }
    e.batch = LLVMGetParam(f, next++);
    e.task_lo = LLVMGetParam(f, next++);
    e.task_hi = LLVMGetParam(f, next++);
    e.scratch = LLVMGetParam(f, next++);
    e.call = LLVMGetParam(f, next++);
    b->function = f;
    LLVMSetCurrentDebugLocation2(b->builder, NULL);
    LLVMPositionBuilderAtEnd(b->builder, vb_block(b, "entry"));
    def->emit(&e);
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

// The place nearest to the node that lies in the .rn file itself: its own, or the call that led to it.
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

static Val load_call_field(ModuleCtx *m, Val call, Typ type, size_t offset, uint32_t align)
{
    return vb_load_typed(&m->vb, type, vb_ati(&m->vb, call, (int64_t)offset), align);
}

static Val value_address(ModuleCtx *m, const Node *n, const Value *v, Val bases, Val batch)
{
    Vb *b = &m->vb;
    if (!v->place.placed) {
        INTERNAL_ERROR("%s: value %u has no place", n->name, v->id);
    }
    Val base = vb_load_typed(b, b->ptr, vb_ati(b, bases, (int64_t)v->place.region * 8), 8);
    Val at = vb_ati(b, base, (int64_t)v->place.offset);
    return v->place.slope == 0 ? at : vb_at(b, at, vb_muli(b, batch, (int64_t)v->place.slope));
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
    Typ params[4] = {b->ptr, b->i32, b->i32, b->ptr};
    Typ type = LLVMFunctionType(LLVMVoidTypeInContext(b->context), params, 4, 0);
    Val f = add_function(m, symbol, type);
    b->function = f;
    LLVMPositionBuilderAtEnd(b->builder, vb_block(b, "entry"));
    describe_step(m, f, n, symbol);
    Val call = LLVMGetParam(f, 0);
    Val bases = load_call_field(m, call, b->ptr, offsetof(RnCall, base), 8);
    Val batch = load_call_field(m, call, b->i32, offsetof(RnCall, batch), 4);
    batch = LLVMBuildZExt(b->builder, batch, b->i64, "");
    uint32_t count = 0;
    Val *args = ARENA_ARRAY(m->arena, Val, n->inputs.count + n->outputs.count + 5);
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        args[count++] = value_address(m, n, n->inputs.at[i], bases, batch);
    }
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        args[count++] = value_address(m, n, n->outputs.at[i], bases, batch);
    }
    args[count++] = batch;
    args[count++] = LLVMBuildZExt(b->builder, LLVMGetParam(f, 1), b->i64, "");
    args[count++] = LLVMBuildZExt(b->builder, LLVMGetParam(f, 2), b->i64, "");
    args[count++] = LLVMGetParam(f, 3);
    args[count++] = call;
    Val run = LLVMBuildCall2(b->builder, LLVMGlobalGetValueType(kernel), kernel, args, count, "");
    LLVMSetTailCallKind(run, LLVMTailCallKindNoTail);
    LLVMBuildRetVoid(b->builder);
    LLVMSetCurrentDebugLocation2(b->builder, NULL);
    m->steps++;
    return f;
}
