// header.c: the C header that goes with an object. It holds the whole of resnetc/model_abi.h (under
// its own guard, so that any number of such headers mix), sizes and shapes as macros, and
// single-threaded inference as short inline functions. C99 and C++.
#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/diag.h"
#include "base/strbuf.h"
#include "base/textfile.h"
#include "codegen/codegen.h"
#include "codegen/tensor_table.h"

static const char *const usage_text =
    "/* %s.h: made by %s from %s. Do not edit.\n"
    " *\n"
    " * Link %s.o and, for inference on one thread:\n"
    " *   void *memory = aligned_alloc(%s_ALIGN, %s_MEMORY_BYTES(batch));\n"
    " *   void *base[%s_REGION_COUNT];\n"
    " *   void *scratch = %s_bind(memory, batch, base);\n"
    " *   fill base[RN_REGION_PARAMS] and base[RN_REGION_STATE] (tensors of rn_model_%s, framework "
    "layout)\n"
    " *   %s_prepare(base, scratch);            once, and whenever the weights change\n"
    " *   fill the inputs' regions; %s_infer(base, batch, scratch); read the outputs' regions\n"
    " * Threads, training, weights in files: resnetc/runtime.h.\n"
    " */\n";

static const char *upper_name(Arena *a, const char *name)
{
    char *up = arena_strdup(a, name);
    for (char *c = up; *c; c++) {
        *c = isalnum((unsigned char)*c) ? (char)toupper((unsigned char)*c) : '_';
    }
    return up;
}

static const char *abi_text(void)
{
    for (size_t i = 0; i < abi_table_count; i++) {
        if (strcmp(abi_table[i].name, "model_abi.h") == 0) {
            return abi_table[i].text;
        }
    }
    INTERNAL_ERROR("model_abi.h is not built in");
}

static void add_region_macros(StrBuf *out, const char *up, const TensorTable *t)
{
    strbuf_printf(out, "#define %s_REGION_COUNT %u\n", up, t->region_count);
    strbuf_printf(out, "#define %s_ALIGN 64 /* of every region and of scratch */\n", up);
    for (uint32_t i = 0; i < t->region_count; i++) {
        const RnRegion *r = &t->regions[i];
        const char *name = upper_name(out->arena, r->name);
        if (i >= RN_REGION_FIRST_IO) {
            strbuf_printf(out, "#define %s_%s_REGION %u\n", up, name, i);
        }
        if (r->per_image_bytes == 0) {
            strbuf_printf(out, "#define %s_%s_BYTES ((size_t)%" PRIu64 "u)\n", up, name,
                          r->fixed_bytes);
            continue;
        }
        strbuf_printf(out,
                      "#define %s_%s_BYTES(batch) ((size_t)%" PRIu64
                      "u + (size_t)(batch) * %" PRIu64 "u)\n",
                      up, name, r->fixed_bytes, r->per_image_bytes);
    }
    strbuf_printf(out, "#define %s_SCRATCH_BYTES ((size_t)%" PRIu64 "u) /* per thread */\n", up,
                  t->regions[RN_REGION_ARENA].per_worker_bytes);
}

static void add_memory_macro(StrBuf *out, const char *up, const TensorTable *t)
{
    uint64_t fixed = t->regions[RN_REGION_ARENA].per_worker_bytes + 64, per_image = 0;
    for (uint32_t i = 0; i < t->region_count; i++) {
        fixed += (t->regions[i].fixed_bytes + 63) / 64 * 64 + 64;
        per_image += t->regions[i].per_image_bytes;
    }
    per_image = (per_image + 63) / 64 * 64; // keeps the whole a multiple of the alignment
    strbuf_printf(out,
                  "/* All regions and one thread's scratch in one block; see %s_bind. */\n"
                  "#define %s_MEMORY_BYTES(batch) ((size_t)%" PRIu64
                  "u + (size_t)(batch) * %" PRIu64 "u)\n",
                  up, up, fixed, per_image);
}

static void add_tensor_macros(StrBuf *out, const char *up, const TensorTable *t)
{
    static const char *const letters[] = {"C", "H", "W"};
    for (uint32_t i = 0; i < t->tensors.count; i++) {
        const RnTensor *x = &t->tensors.at[i];
        if (x->role != RN_ROLE_INPUT && x->role != RN_ROLE_OUTPUT) {
            continue;
        }
        const char *name = upper_name(out->arena, t->regions[x->region].name);
        uint64_t elements = 1;
        for (uint32_t d = 1; d < x->rank; d++) {
            elements *= (uint64_t)x->dim[d];
            if (d <= 3) {
                strbuf_printf(out, "#define %s_%s_%s %" PRId64 "\n", up, name, letters[d - 1],
                              x->dim[d]);
            }
        }
        strbuf_printf(out, "#define %s_%s_ELEMENTS %" PRIu64 " /* floats per image */\n", up, name,
                      elements);
    }
    strbuf_printf(out, "#define %s_PARAM_COUNT %" PRIu64 " /* trainable parameters */\n", up,
                  t->param_elements);
}

static const char *const bind_text =
    "/* Cuts one block of %s_MEMORY_BYTES(batch) bytes, aligned to %s_ALIGN, into the regions.\n"
    " * Returns the scratch of one thread. */\n"
    "static inline void *%s_bind(void *memory, uint32_t batch, void *base[%s_REGION_COUNT])\n"
    "{\n"
    "    char *next = (char *)memory;\n"
    "    uint32_t i;\n"
    "    for (i = 0; i < %s_REGION_COUNT; i++) {\n"
    "        const RnRegion *r = RN_AT(RnRegion, rn_model_%s.regions, rn_model_%s.region_stride, "
    "i);\n"
    "        base[i] = next;\n"
    "        next += (size_t)((r->fixed_bytes + batch * r->per_image_bytes + 63u) / 64u * 64u);\n"
    "    }\n"
    "    return next;\n"
    "}\n\n";

static const char *const run_text =
    "static inline void %s_run_steps(const RnStep *steps, uint32_t count, uint32_t stride,\n"
    "                                const RnCall *call, void *scratch)\n"
    "{\n"
    "    uint32_t i;\n"
    "    for (i = 0; i < count; i++) {\n"
    "        const RnStep *s = RN_AT(RnStep, steps, stride, i);\n"
    "        uint32_t chunks = s->tasks_div == RN_DIV_ALL\n"
    "                              ? 1u\n"
    "                              : (call->batch + s->tasks_div - 1u) / s->tasks_div;\n"
    "        s->fn(call, 0, s->tasks_mul * chunks, scratch);\n"
    "    }\n"
    "}\n\n"
    "static inline RnCall %s_call(void *const *base, uint32_t batch)\n"
    "{\n"
    "    RnCall call = {0, 0, NULL, 0, 0, 0, 0.0f, 0};\n"
    "    call.struct_bytes = (uint32_t)sizeof call;\n"
    "    call.batch = batch;\n"
    "    call.base = base;\n"
    "    return call;\n"
    "}\n\n"
    "/* Params and state -> packed. Run it once after the weights change. */\n"
    "static inline void %s_prepare(void *const *base, void *scratch)\n"
    "{\n"
    "    RnCall call = %s_call(base, 1);\n"
    "    %s_run_steps(rn_model_%s.prepare, rn_model_%s.prepare_count, rn_model_%s.prepare_stride,\n"
    "                 &call, scratch);\n"
    "}\n\n"
    "/* Inputs -> outputs, for any batch from 1 up that the arena was sized for. */\n"
    "static inline void %s_infer(void *const *base, uint32_t batch, void *scratch)\n"
    "{\n"
    "    RnCall call = %s_call(base, batch);\n"
    "    const RnPlan *best = NULL;\n"
    "    uint32_t best_gap = 0, i;\n"
    "    for (i = 0; i < rn_model_%s.plan_count; i++) {\n"
    "        const RnPlan *p = RN_AT(RnPlan, rn_model_%s.plans, rn_model_%s.plan_stride, i);\n"
    "        uint32_t gap = p->batch > batch ? p->batch - batch : batch - p->batch;\n"
    "        if (p->kind == (uint32_t)RN_PLAN_INFER && (!best || gap < best_gap)) {\n"
    "            best = p;\n"
    "            best_gap = gap;\n"
    "        }\n"
    "    }\n"
    "    %s_run_steps(best->steps, best->step_count, best->step_stride, &call, scratch);\n"
    "}\n\n";

// Replaces every "%s_..." of a fixed text: the names in it are all the model's, upper case before a
// capital letter.
static void add_template(StrBuf *out, const char *text, const char *name, const char *up)
{
    for (const char *c = text; *c; c++) {
        if (c[0] != '%' || c[1] != 's') {
            strbuf_add_bytes(out, c, 1);
            continue;
        }
        bool capital = c[2] == '_' && isupper((unsigned char)c[3]);
        strbuf_add(out, capital ? up : name);
        c++;
    }
}

static void add_head(StrBuf *out, const ModelSpec *spec, const char *up)
{
    const char *n = spec->name;
    strbuf_printf(out, usage_text, n, spec->compiler, spec->path ? spec->path : "a model", n, up,
                  up, up, n, n, n, n);
    strbuf_add(out, abi_text());
    strbuf_printf(out, "\n#ifndef RN_MODEL_%s_H\n#define RN_MODEL_%s_H\n\n", up, up);
    strbuf_printf(out,
                  "#ifdef __cplusplus\nextern \"C\" {\n#endif\nextern const RnModel rn_model_%s;\n"
                  "#ifdef __cplusplus\n}\n#endif\n\n",
                  n);
}

const char *codegen_header(Arena *a, const ModelSpec *spec, const TargetDef *target)
{
    const TensorTable *t = tensor_table_create(a, spec);
    const char *up = upper_name(a, spec->name);
    bool infers = false;
    for (uint32_t i = 0; i < spec->plan_count; i++) {
        infers = infers || spec->plans[i]->mode == MODE_INFER;
    }
    StrBuf out = {.arena = a};
    add_head(&out, spec, up);
    strbuf_printf(&out, "#define %s_ISA \"%s\" /* what the machine must have */\n", up,
                  target->name);
    add_region_macros(&out, up, t);
    add_memory_macro(&out, up, t);
    add_tensor_macros(&out, up, t);
    strbuf_add(&out, "\n");
    add_template(&out, bind_text, spec->name, up);
    if (infers) {
        add_template(&out, run_text, spec->name, up);
    }
    strbuf_add(&out, "#endif\n");
    return strbuf_text(&out);
}
