// header.c: the C header that goes with an object. It holds the whole of resnetc/model_abi.h (under
// its own guard, so that any number of such headers mix), sizes and shapes as macros, and
// single-threaded inference as short inline functions; where the object holds packed weights, one
// function with the caller's tensors as arguments. C99 and C++.
#include "object/header.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/internal_error.h"
#include "base/strbuf.h"
#include "base/textfile.h"
#include "object/tensor_table.h"

static const char *const usage_text =
    "/* %s.h: made by %s from %s. Do not edit.\n"
    " *\n"
    " * Link %s.o and, for inference on one thread:\n"
    " *   void *memory = aligned_alloc(%s_ALIGN, %s_MEMORY_BYTES(batch));\n"
    " *   void *base[%s_REGION_COUNT];\n"
    " *   void *scratch = %s_bind(memory, batch, base);      NULL: it cannot run; see there\n"
    " *   %s\n"
    " *   %s_prepare(base, scratch);            once, and whenever the weights change\n"
    " *   fill the inputs' regions; %s_infer(base, batch, scratch); read the outputs' regions\n"
    " * Threads, training, weights in files: resnetc/runtime.h.\n"
    " */\n";

static const char *const packed_usage_text =
    "/* %s.h: made by %s from %s. Do not edit.\n"
    " *\n"
    " * The weights are in the object. Link %s.o and, on one thread:\n"
    " *   void *workspace = aligned_alloc(%s_ALIGN, %s_MEMORY_BYTES(batch));\n"
    " *   if (%s_predict(input, output, workspace, %s_MEMORY_BYTES(batch), batch) == RN_OK) ...\n"
    " * Threads: resnetc/runtime.h.\n"
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
            strbuf_printf(out, "#define %s_%s_BYTES UINT64_C(%" PRIu64 ")\n", up, name,
                          r->fixed_bytes);
            continue;
        }
        strbuf_printf(out,
                      "#define %s_%s_BYTES(batch) (UINT64_C(%" PRIu64 ") + UINT64_C(%" PRIu64
                      ") * (batch))\n",
                      up, name, r->fixed_bytes, r->per_image_bytes);
    }
    strbuf_printf(out, "#define %s_SCRATCH_BYTES UINT64_C(%" PRIu64 ") /* per thread */\n", up,
                  t->regions[RN_REGION_ARENA].per_worker_bytes);
}

static void add_memory_macro(StrBuf *out, const char *up, const TensorTable *t, bool packed)
{
    uint64_t fixed = t->regions[RN_REGION_ARENA].per_worker_bytes + 64, per_image = 0;
    for (uint32_t i = 0; i < t->region_count; i++) {
        if (packed && t->regions[i].initial) {
            continue; // stays in the object
        }
        fixed += (t->regions[i].fixed_bytes + 63) / 64 * 64 + 64;
        per_image += t->regions[i].per_image_bytes;
    }
    per_image = (per_image + 63) / 64 * 64; // keeps the whole a multiple of the alignment
    strbuf_printf(out,
                  "/* All regions and one thread's scratch in one block; see %s_bind. */\n"
                  "#define %s_MEMORY_BYTES(batch) (UINT64_C(%" PRIu64 ") + UINT64_C(%" PRIu64
                  ") * (batch))\n",
                  up, up, fixed, per_image);
}

static uint64_t image_elements(const RnTensor *t)
{
    uint64_t elements = 1;
    for (uint32_t d = 1; d < t->rank; d++) {
        elements *= t->dim[d];
    }
    return elements;
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
        for (uint32_t d = 1; d < x->rank && d <= 3; d++) {
            strbuf_printf(out, "#define %s_%s_%s %" PRIu32 "\n", up, name, letters[d - 1],
                          x->dim[d]);
        }
        strbuf_printf(out, "#define %s_%s_ELEMENTS %" PRIu64 " /* floats per image */\n", up, name,
                      image_elements(x));
    }
    strbuf_printf(out, "#define %s_PARAM_COUNT %" PRIu64 " /* trainable parameters */\n", up,
                  t->param_elements);
}

static const char *const model_text =
    "/* The variant of the model that this machine runs. NULL: there is none, or the object is of\n"
    " * another RN_ABI_VERSION than this header. */\n"
    "static inline const RnModel *%s_model(void)\n"
    "{\n"
    "    static const RnModel *known;\n"
    "    return rn_model_here(&rn_model_%s, &known);\n"
    "}\n\n"
    "/* Whether this machine has what the object needs: 1 or 0. All functions below refuse to run\n"
    " * without: RN_ERR_ISA, or RN_ERR_MODEL for another RN_ABI_VERSION. */\n"
    "static inline int %s_runs_here(void)\n"
    "{\n"
    "    return %s_model() != NULL;\n"
    "}\n\n";

static const char *const bind_text =
    "/* Cuts one block of %s_MEMORY_BYTES(batch) bytes, aligned to %s_ALIGN, into the regions.\n"
    " * Returns the scratch of one thread; NULL if memory is NULL or not aligned, batch is 0, or\n"
    " * %s_model() is NULL. */\n"
    "static inline void *%s_bind(void *memory, uint32_t batch, void *base[%s_REGION_COUNT])\n"
    "{\n"
    "    const RnModel *m = %s_model();\n"
    "    char *next = RN_CAST(char *, memory);\n"
    "    uint32_t i;\n"
    "    if (!m || !memory || RN_ADDRESS(memory) % %s_ALIGN != 0 || batch == 0) {\n"
    "        return NULL;\n"
    "    }\n"
    "    for (i = 0; i < %s_REGION_COUNT; i++) {\n"
    "        const RnRegion *r = RN_AT(RnRegion, m->regions, m->region_stride, i);\n"
    "$"
    "        base[i] = next;\n"
    "        next += (r->fixed_bytes + batch * r->per_image_bytes + 63u) / 64u * 64u;\n"
    "    }\n"
    "    return next;\n"
    "}\n\n";

// What stands for the $ of bind_text in an object with weights.
static const char *const bind_in_place_text =
    "        if (r->initial) { /* only read */\n"
    "            memcpy(&base[i], &r->initial, sizeof base[i]);\n"
    "            continue;\n"
    "        }\n";
static const char *const bind_copy_text = "        if (r->initial) {\n"
                                          "            memcpy(next, r->initial, r->fixed_bytes);\n"
                                          "        }\n";

static const char *const run_text =
    "static inline void %s_run_steps(const RnModel *m, const RnStep *steps, uint32_t count,\n"
    "                                uint32_t stride, const RnCall *call, void *scratch)\n"
    "{\n"
    "    uint32_t i;\n"
    "    for (i = 0; i < count; i++) {\n"
    "        const RnStep *s = RN_AT(RnStep, steps, stride, i);\n"
    "        rn_step_run(m, s, call, 0, rn_step_tasks(m, s, call->batch), scratch);\n"
    "    }\n"
    "}\n\n"
    "static inline RnCall %s_call(void *const *base, uint32_t batch)\n"
    "{\n"
    "    RnCall call = {0, 0, NULL, 0, 0, 0, 0.0f, 0};\n"
    "    call.struct_bytes = RN_CAST(uint32_t, sizeof call);\n"
    "    call.batch = batch;\n"
    "    call.base = base;\n"
    "    return call;\n"
    "}\n\n";

static const char *const prepare_text =
    "/* Params and state -> packed. Run it once after the weights change. */\n"
    "static inline RnStatus %s_prepare(void *const *base, void *scratch)\n"
    "{\n"
    "    const RnModel *m = %s_model();\n"
    "    RnCall call = %s_call(base, 1);\n"
    "    if (!m) {\n"
    "        return rn_model_status(&rn_model_%s, m);\n"
    "    }\n"
    "    %s_run_steps(m, m->prepare, m->prepare_count, m->prepare_stride, &call, scratch);\n"
    "    return RN_OK;\n"
    "}\n\n";

static const char *const infer_text =
    "/* Inputs -> outputs, for any batch from 1 up that the regions were sized for; 0 gives\n"
    " * RN_ERR_BATCH. */\n"
    "static inline RnStatus %s_infer(void *const *base, uint32_t batch, void *scratch)\n"
    "{\n"
    "    const RnModel *m = %s_model();\n"
    "    RnCall call = %s_call(base, batch);\n"
    "    const RnPlan *p;\n"
    "    if (!m) {\n"
    "        return rn_model_status(&rn_model_%s, m);\n"
    "    }\n"
    "    if (batch == 0) {\n"
    "        return RN_ERR_BATCH;\n"
    "    }\n"
    "    p = rn_model_plan(m, RN_PLAN_INFER, batch);\n"
    "    if (!p) {\n"
    "        return RN_ERR_MISSING;\n"
    "    }\n"
    "    %s_run_steps(m, p->steps, p->step_count, p->step_stride, &call, scratch);\n"
    "    return RN_OK;\n"
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

// bind_text with what it does about embedded weights.
static void add_bind(StrBuf *out, const ModelSpec *spec, const char *up)
{
    const char *mark = strchr(bind_text, '$');
    add_template(out, arena_strndup(out->arena, bind_text, (size_t)(mark - bind_text)), spec->name,
                 up);
    if (spec->weights) {
        strbuf_add(out, spec_is_packed(spec) ? bind_in_place_text : bind_copy_text);
    }
    add_template(out, mark + 1, spec->name, up);
}

// One of the caller's tensors in NAME_predict.
typedef struct Argument {
    const char *c_name, *macro; // "input", "SMALL_IMAGE"
    bool is_input;
    bool fills_region; // may stand in for it
} Argument;

static uint32_t count_role(const TensorTable *t, RnRole role)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < t->tensors.count; i++) {
        count += t->tensors.at[i].role == (uint32_t)role;
    }
    return count;
}

// "input", or "input_NAME" where there are several.
static Argument argument(Arena *a, const TensorTable *t, const RnTensor *x, const char *up)
{
    const RnRegion *r = &t->regions[x->region];
    bool is_input = x->role == RN_ROLE_INPUT;
    const char *kind = is_input ? "input" : "output", *name = upper_name(a, r->name);
    char *lower = arena_strdup(a, name);
    for (char *c = lower; *c; c++) {
        *c = (char)tolower((unsigned char)*c);
    }
    bool alone = count_role(t, (RnRole)x->role) == 1;
    return (Argument){.c_name = alone ? kind : arena_printf(a, "%s_%s", kind, lower),
                      .macro = arena_printf(a, "%s_%s", up, name),
                      .is_input = is_input,
                      .fills_region = r->fixed_bytes == 0 && x->offset == 0 && x->slope == 0 &&
                                      r->per_image_bytes == image_elements(x) * sizeof(float)};
}

// Before the run: the caller's memory in place of the region where it can be, else a copy.
static void add_argument_before(StrBuf *out, const Argument *x, const char *up)
{
    if (x->fills_region) {
        strbuf_printf(out,
                      "    if (RN_ADDRESS(%s) %% %s_ALIGN == 0) {\n"
                      "        memcpy(&base[%s_REGION], &%s, sizeof %s);\n"
                      "    }",
                      x->c_name, up, x->macro, x->c_name, x->c_name);
    }
    if (x->is_input) {
        strbuf_printf(out,
                      "%s"
                      "        memcpy(base[%s_REGION], %s, sizeof(float) * %s_ELEMENTS * batch);\n"
                      "    }",
                      x->fills_region ? " else {\n" : "    {\n", x->macro, x->c_name, x->macro);
    }
    strbuf_add(out, x->fills_region || x->is_input ? "\n" : "");
}

static void add_argument_after(StrBuf *out, const Argument *x)
{
    if (!x->is_input) {
        strbuf_printf(out,
                      "    if (base[%s_REGION] != %s) {\n"
                      "        memcpy(%s, base[%s_REGION], sizeof(float) * %s_ELEMENTS * batch);\n"
                      "    }\n",
                      x->macro, x->c_name, x->c_name, x->macro, x->macro);
    }
}

static const char *const predict_text =
    "/* The whole of inference, for any batch from 1 up: floats in C order, _ELEMENTS per image.\n"
    " * Tensors aligned to %s_ALIGN are used in place, others copied. workspace: workspace_bytes,\n"
    " * at least %s_MEMORY_BYTES(batch), aligned to %s_ALIGN; its content means nothing between\n"
    " * calls, and calls on several threads need one each.\n"
    " * RN_ERR_USAGE: a pointer is NULL, or the workspace not aligned. RN_ERR_BATCH: batch is 0 "
    "or\n"
    " * too large for the workspace. RN_ERR_ISA, RN_ERR_MODEL: see %s_runs_here. Nothing has then\n"
    " * been written. */\n"
    "static inline RnStatus %s_predict(";

static const char *const predict_checks_text =
    "    if (batch == 0 || workspace_bytes < %s_MEMORY_BYTES(batch)) {\n"
    "        return RN_ERR_BATCH;\n"
    "    }\n"
    "    scratch = %s_bind(workspace, batch, base);\n"
    "    if (!scratch) {\n"
    "        return %s_runs_here() ? RN_ERR_USAGE\n"
    "                              : rn_model_status(&rn_model_%s, NULL);\n"
    "    }\n";

static void add_predict(StrBuf *out, const ModelSpec *spec, const TensorTable *t, const char *up)
{
    Argument args[MAX_REGIONS];
    uint32_t count = 0;
    for (uint32_t i = 0; i < t->tensors.count; i++) {
        const RnTensor *x = &t->tensors.at[i];
        if (x->role == RN_ROLE_INPUT || x->role == RN_ROLE_OUTPUT) {
            args[count++] = argument(out->arena, t, x, up);
        }
    }
    add_template(out, predict_text, spec->name, up);
    for (uint32_t i = 0; i < count; i++) {
        strbuf_printf(out, "%sfloat *%s, ", args[i].is_input ? "const " : "", args[i].c_name);
    }
    strbuf_printf(out,
                  "void *workspace, size_t workspace_bytes,\n"
                  "    uint32_t batch)\n"
                  "{\n"
                  "    void *base[%s_REGION_COUNT];\n"
                  "    void *scratch;\n"
                  "    RnStatus status;\n"
                  "    if (",
                  up);
    for (uint32_t i = 0; i < count; i++) {
        strbuf_printf(out, "%s!%s", i ? " || " : "", args[i].c_name);
    }
    strbuf_add(out, ") {\n        return RN_ERR_USAGE;\n    }\n");
    add_template(out, predict_checks_text, spec->name, up);
    for (uint32_t i = 0; i < count; i++) {
        add_argument_before(out, &args[i], up);
    }
    strbuf_printf(out, "    status = %s_infer(base, batch, scratch);\n", spec->name);
    for (uint32_t i = 0; i < count; i++) {
        add_argument_after(out, &args[i]);
    }
    strbuf_add(out, "    return status;\n}\n\n");
}

// Where the weights come from, for the comment at the head.
static const char *weights_line(Arena *a, const ModelSpec *spec)
{
    if (spec->weights) {
        return "the weights are in the object: base[RN_REGION_PARAMS] and base[RN_REGION_STATE] "
               "are set";
    }
    return arena_printf(a,
                        "fill base[RN_REGION_PARAMS] and base[RN_REGION_STATE] (tensors of "
                        "rn_model_%s, framework layout)",
                        spec->name);
}

static void add_head(StrBuf *out, const ModelSpec *spec, const char *up)
{
    const char *n = spec->name, *path = spec->path ? spec->path : "a model";
    if (spec_is_packed(spec)) {
        strbuf_printf(out, packed_usage_text, n, spec->compiler, path, n, up, up, n, up);
    } else {
        strbuf_printf(out, usage_text, n, spec->compiler, path, n, up, up, up, n,
                      weights_line(out->arena, spec), n, n);
    }
    strbuf_add(out, abi_text());
    strbuf_printf(out, "\n#ifndef RN_MODEL_%s_H\n#define RN_MODEL_%s_H\n\n", up, up);
    if (spec->weights) {
        strbuf_add(out, "#include <string.h>\n\n");
    }
    strbuf_printf(
        out,
        "#ifdef __cplusplus\nextern \"C\" {\n#endif\nextern const RnModelSet rn_model_%s;\n"
        "#ifdef __cplusplus\n}\n#endif\n\n",
        n);
}

const char *header_text(Arena *a, const ModelSpec *spec, const char *isa)
{
    const TensorTable *t = tensor_table_create(a, spec);
    const char *up = upper_name(a, spec->name);
    StrBuf out = {.arena = a};
    add_head(&out, spec, up);
    strbuf_printf(&out, "#define %s_ISA \"%s\" /* what the machine must have */\n", up, isa);
    add_region_macros(&out, up, t);
    add_memory_macro(&out, up, t, spec_is_packed(spec));
    add_tensor_macros(&out, up, t);
    strbuf_add(&out, "\n");
    add_template(&out, model_text, spec->name, up);
    add_bind(&out, spec, up);
    if (t->infers) {
        add_template(&out, run_text, spec->name, up);
        if (!spec_is_packed(spec)) {
            add_template(&out, prepare_text, spec->name, up);
        }
        add_template(&out, infer_text, spec->name, up);
    }
    if (spec_is_packed(spec)) {
        add_predict(&out, spec, t, up);
    }
    strbuf_add(&out, "#endif\n");
    return strbuf_text(&out);
}
