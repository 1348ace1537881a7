// test_object.c: what an object looks like from outside, for every target: it exports
// rn_model_<name> and nothing else, needs at most memcpy and memset, has a function with the name
// of each layer, holds no text relocation; and its tables say what the ABI promises.
#include <elf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/textfile.h"
#include "build/loaded_object.h"
#include "cpu/codegen.h"
#include "front/front.h"
#include "ir/graph_clone.h"
#include "passes/pipeline.h"
#include "support/check_main.h"
#include "support/targets.h"

typedef struct Object {
    Arena *arena;
    const unsigned char *bytes;
    size_t count;
    CodegenStats stats;
    Graph *plans[3];
} Object;

static Object make_as(const TargetDef *target, CodegenFormat format)
{
    Object o = {.arena = arena_create()};
    Arena *a = o.arena;
    static const char *const defines[] = {"depth=8"};
    FrontOptions front = {.defines = defines,
                          .define_count = 1,
                          .models = shipped_models_table,
                          .model_count = shipped_models_table_count};
    SourceSet sources = {.arena = a};
    Diag *diag = diag_create(a, &sources);
    Graph *built = front_build(a, &sources, diag, "cifar_resnet.rn", &front, NULL);
    ck_assert_ptr_nonnull(built);
    Codegen *codegen = codegen_create(a, target, NULL);
    LowerTarget lower = codegen_lower_target(codegen);
    PassOptions opt = {.target = &lower, .both_modes = true, .packed = packed_pool_create(a)};
    static const Mode modes[] = {MODE_INFER, MODE_INFER, MODE_TRAIN};
    static const uint32_t batches[] = {1, 64, 64};
    for (int i = 0; i < 3; i++) {
        o.plans[i] = graph_clone(a, built);
        o.plans[i]->mode = modes[i];
        o.plans[i]->plan_batch = batches[i];
        PassReport report = {.dumps = {.arena = a}, .times = {.arena = a}};
        ck_assert(passes_run(o.plans[i], &opt, diag, &report));
    }
    uint32_t main_file = 1;
    while (!strstr(source_file(&sources, main_file)->path, "cifar_resnet.rn")) {
        main_file++;
    }
    ModelSpec spec = {.name = "tiny",
                      .compiler = "test",
                      .source = "text of the model",
                      .path = "cifar_resnet.rn",
                      .sources = &sources,
                      .main_file = main_file,
                      .source_hash = 77,
                      .plans = (const Graph *const *)o.plans,
                      .plan_count = 3};
    o.bytes = codegen_emit(codegen, a, &spec, format, &o.count, &o.stats);
    return o;
}

static Object make(const TargetDef *target)
{
    return make_as(target, CODEGEN_OBJECT);
}

static const Elf64_Shdr *section(const Object *o, uint32_t i)
{
    const Elf64_Ehdr *head = (const void *)o->bytes;
    return (const void *)(o->bytes + head->e_shoff + (size_t)i * head->e_shentsize);
}

static const Elf64_Shdr *symbol_table(const Object *o)
{
    const Elf64_Ehdr *head = (const void *)o->bytes;
    for (uint32_t i = 0; i < head->e_shnum; i++) {
        if (section(o, i)->sh_type == SHT_SYMTAB) {
            return section(o, i);
        }
    }
    ck_abort_msg("the object has no symbol table");
    return NULL;
}

static bool allowed_undefined(const char *name)
{
    return strcmp(name, "memcpy") == 0 || strcmp(name, "memset") == 0;
}

START_TEST(exports_one_name)
{
    Object o = make(target_to_see((size_t)_i));
    const Elf64_Shdr *table = symbol_table(&o);
    const char *names = (const char *)o.bytes + section(&o, table->sh_link)->sh_offset;
    const Elf64_Sym *symbol = (const void *)(o.bytes + table->sh_offset);
    bool model = false, layer = false;
    for (size_t i = 1; i < table->sh_size / sizeof *symbol; i++) {
        const char *name = names + symbol[i].st_name;
        if (ELF64_ST_BIND(symbol[i].st_info) == STB_LOCAL) {
            layer = layer || strcmp(name, "tiny.layer1.0.conv1") == 0;
            continue;
        }
        if (symbol[i].st_shndx == SHN_UNDEF) {
            ck_assert_msg(allowed_undefined(name), "undefined symbol %s", name);
            continue;
        }
        ck_assert_str_eq(name, "rn_model_tiny");
        model = true;
    }
    ck_assert(model);
    ck_assert(layer);
    arena_destroy(o.arena);
}
END_TEST

// Calls and addresses in code must be relative, or the object could not go into a shared library.
START_TEST(code_is_position_independent)
{
    Object o = make(target_to_see((size_t)_i));
    const Elf64_Ehdr *head = (const void *)o.bytes;
    for (uint32_t i = 0; i < head->e_shnum; i++) {
        const Elf64_Shdr *s = section(&o, i);
        if (s->sh_type != SHT_RELA || !(section(&o, s->sh_info)->sh_flags & SHF_EXECINSTR)) {
            continue;
        }
        const Elf64_Rela *r = (const void *)(o.bytes + s->sh_offset);
        for (size_t k = 0; k < s->sh_size / sizeof *r; k++) {
            uint64_t type = ELF64_R_TYPE(r[k].r_info);
            bool absolute = head->e_machine == EM_X86_64
                                ? type == R_X86_64_64 || type == R_X86_64_32 || type == R_X86_64_32S
                                : type == R_AARCH64_ABS64 || type == R_AARCH64_ABS32;
            ck_assert_msg(!absolute, "absolute relocation of type %u", (unsigned)type);
        }
    }
    arena_destroy(o.arena);
}
END_TEST

// A relocation names a symbol, or a place in the section of a section's symbol.
static void check_relocation(const Object *o, const Elf64_Shdr *table, const Elf64_Rela *r)
{
    const Elf64_Sym *symbol = (const void *)(o->bytes + table->sh_offset);
    size_t index = ELF64_R_SYM(r->r_info);
    ck_assert_uint_gt(index, 0);
    ck_assert_uint_lt(index, table->sh_size / sizeof *symbol);
    if (ELF64_ST_TYPE(symbol[index].st_info) == STT_SECTION) {
        const Elf64_Shdr *home = section(o, symbol[index].st_shndx);
        ck_assert_int_ge(r->r_addend, -8); // counted from behind an instruction's address
        ck_assert_int_lt(r->r_addend, (int64_t)home->sh_size);
    }
}

// Local symbols come first, labels of the assembler are gone, and so are their names.
START_TEST(symbols_are_those_that_are_needed)
{
    Object o = make(target_to_see((size_t)_i));
    const Elf64_Ehdr *head = (const void *)o.bytes;
    const Elf64_Shdr *table = symbol_table(&o), *strings = section(&o, table->sh_link);
    const char *names = (const char *)o.bytes + strings->sh_offset;
    const Elf64_Sym *symbol = (const void *)(o.bytes + table->sh_offset);
    for (size_t i = 0; i < table->sh_size / sizeof *symbol; i++) {
        ck_assert_uint_lt(symbol[i].st_name, strings->sh_size);
        ck_assert_int_ne(strncmp(names + symbol[i].st_name, ".L", 2), 0);
        ck_assert(i < table->sh_info == (ELF64_ST_BIND(symbol[i].st_info) == STB_LOCAL));
    }
    for (size_t i = 0; i < strings->sh_size; i += strlen(names + i) + 1) {
        ck_assert_int_ne(strncmp(names + i, ".L", 2), 0);
    }
    for (uint32_t i = 0; i < head->e_shnum; i++) {
        const Elf64_Shdr *s = section(&o, i);
        const Elf64_Rela *r = (const void *)(o.bytes + s->sh_offset);
        for (size_t k = 0; s->sh_type == SHT_RELA && k < s->sh_size / sizeof *r; k++) {
            check_relocation(&o, table, &r[k]);
        }
    }
    arena_destroy(o.arena);
}
END_TEST

// Kernels fetch ahead past the end of tensors, and count rows from above a picture: LLVM must not
// infer from an address that it lies inside.
START_TEST(addresses_promise_nothing)
{
    Object o = make_as(target_here(), CODEGEN_LLVM);
    const char *text = (const char *)o.bytes;
    ck_assert_ptr_nonnull(strstr(text, "getelementptr"));
    ck_assert_ptr_null(strstr(text, "inbounds"));
    arena_destroy(o.arena);
}
END_TEST

static uint64_t section_bytes(const Object *o, const char *name)
{
    const Elf64_Ehdr *head = (const void *)o->bytes;
    const char *names = (const char *)o->bytes + section(o, head->e_shstrndx)->sh_offset;
    for (uint32_t i = 0; i < head->e_shnum; i++) {
        const Elf64_Shdr *s = section(o, i);
        ck_assert_uint_le(s->sh_offset + (s->sh_type == SHT_NOBITS ? 0 : s->sh_size), o->count);
        ck_assert(s->sh_addralign <= 1 || s->sh_offset % s->sh_addralign == 0);
        if (strcmp(names + s->sh_name, name) == 0) {
            return s->sh_size;
        }
    }
    return 0;
}

// Lines of the .rn file are kept, descriptions of frames are not: each function has a frame
// pointer.
START_TEST(debug_information_is_lines)
{
    Object o = make(target_to_see((size_t)_i));
    ck_assert_uint_gt(section_bytes(&o, ".debug_line"), 0);
    ck_assert_uint_gt(section_bytes(&o, ".text"), 0);
    ck_assert_uint_eq(section_bytes(&o, ".debug_frame"), 0);
    ck_assert_uint_eq(section_bytes(&o, ".rela.debug_frame"), 0);
    ck_assert_uint_eq(section_bytes(&o, ".eh_frame"), 0);
    arena_destroy(o.arena);
}
END_TEST

START_TEST(same_request_same_code)
{
    Object o = make(target_here());
    // depth 8: 3 blocks; a deeper model of the same kind has hardly more kernels.
    ck_assert_uint_lt(o.stats.kernels, o.stats.steps);
    ck_assert_uint_gt(o.stats.kernels, 20);
    arena_destroy(o.arena);
}
END_TEST

static const RnStep *plan_step(const RnPlan *p, uint32_t i)
{
    return RN_AT(RnStep, p->steps, p->step_stride, i);
}

static void check_step(const RnModel *m, const RnStep *s)
{
    ck_assert_uint_lt(s->layer, m->layer_count);
    ck_assert_uint_lt(s->kernel, m->kernel_count);
    const RnKernel *k = rn_step_kernel(m, s);
    ck_assert_uint_ge(k->tasks_mul, 1);
    ck_assert_uint_ge(k->tasks_div, 1);
    ck_assert_uint_ge(k->outputs, 1);
    ck_assert(k->predicted_ns >= 0);
    ck_assert_uint_gt(strlen(rn_text(m, rn_step_layer(m, s)->name)), 0);
    ck_assert_uint_gt(strlen(rn_text(m, k->work)), 0);
    ck_assert_uint_gt(strlen(rn_text(m, k->algorithm)), 0);
}

// The last step of a plan that writes to a place of a gradient.
static uint32_t last_writer(const RnModel *m, const RnPlan *plan, const RnTensor *grad)
{
    uint32_t last = UINT32_MAX;
    for (uint32_t i = 0; i < plan->step_count; i++) {
        const RnKernel *k = rn_step_kernel(m, plan_step(plan, i));
        for (uint32_t out = k->inputs; out < rn_kernel_operands(k); out++) {
            const RnPlace *p = rn_step_place(m, plan_step(plan, i), out);
            if (p->region == grad->region && p->offset == grad->offset) {
                last = i;
            }
        }
    }
    return last;
}

// A training plan completes every gradient once, and says at which step; their number. They lie in
// the order of their completion.
static uint32_t check_gradients(const RnModel *m, const RnPlan *plan)
{
    uint64_t end = 0;
    for (uint32_t i = 0; i < plan->grad_count; i++) {
        const RnGradStep *g = RN_AT(RnGradStep, plan->grads, plan->grad_stride, i);
        const RnTensor *t = RN_AT(RnTensor, m->tensors, m->tensor_stride, g->tensor);
        ck_assert_uint_eq(t->role, RN_ROLE_GRAD);
        ck_assert_uint_eq(g->step, last_writer(m, plan, t));
        ck_assert_uint_ge(t->offset, end);
        end = t->offset + 1;
    }
    return plan->grad_count;
}

// A plan of batch 1 has places for scratch, in the arena or behind it; no other plan has.
static void check_scratch_places(const RnModel *m, const RnPlan *plan)
{
    ck_assert_uint_eq(plan->flags, plan->batch == 1 ? RN_PLAN_SCRATCH_PLACED : 0);
    if (plan->batch != 1) {
        ck_assert_uint_eq(plan->scratch_beside_bytes, plan->scratch_bytes);
        return;
    }
    uint32_t places = 0;
    for (uint32_t i = 0; i < plan->step_count; i++) {
        const RnStep *s = plan_step(plan, i);
        const RnKernel *k = rn_step_kernel(m, s);
        if (k->scratch_bytes == 0) {
            continue;
        }
        const RnPlace *p = rn_step_place(m, s, k->inputs + k->outputs);
        ck_assert_uint_eq(p->region, RN_REGION_ARENA);
        ck_assert_uint_le(p->offset + p->slope + k->scratch_bytes, plan->arena_fixed_bytes +
                                                                       plan->arena_per_image_bytes +
                                                                       plan->scratch_beside_bytes);
        places++;
    }
    ck_assert_uint_gt(places, 0);
}

START_TEST(tables_keep_their_promises)
{
    Object o = make(target_here());
    const RnModel *m = NULL;
    const char *error = NULL;
    LoadedObject *loaded = object_load(o.arena, o.bytes, o.count, "tiny", &m, &error);
    ck_assert_msg(loaded != NULL, "%s", error);
    ck_assert_uint_eq(m->magic, RN_MAGIC);
    ck_assert_uint_eq(m->struct_bytes, sizeof *m);
    ck_assert_uint_eq(m->source_hash, 77);
    ck_assert_str_eq(m->source, "text of the model");
    ck_assert_str_eq(m->isa, target_here()->isa->name);
    ck_assert_uint_eq(m->plan_count, 3);
    bool has_line = false;
    for (uint32_t p = 0; p < m->plan_count; p++) {
        const RnPlan *plan = RN_AT(RnPlan, m->plans, m->plan_stride, p);
        uint64_t scratch = 0;
        for (uint32_t i = 0; i < plan->step_count; i++) {
            const RnStep *s = plan_step(plan, i);
            check_step(m, s);
            uint64_t bytes = rn_step_kernel(m, s)->scratch_bytes;
            scratch = bytes > scratch ? bytes : scratch;
            has_line = has_line || rn_step_layer(m, s)->line > 10;
        }
        ck_assert_uint_eq(scratch, plan->scratch_bytes);
        check_scratch_places(m, plan);
        ck_assert_uint_eq(check_gradients(m, plan),
                          plan->kind == RN_PLAN_TRAIN ? m->param_count : 0);
    }
    ck_assert(has_line);
    for (uint32_t i = 0; i < m->param_count; i++) {
        const RnTensor *t = RN_AT(RnTensor, m->tensors, m->tensor_stride, i);
        ck_assert_uint_eq(t->role, RN_ROLE_PARAM);
        ck_assert_int_ge(t->grad, 0);
        ck_assert_uint_eq(RN_AT(RnTensor, m->tensors, m->tensor_stride, (uint32_t)t->grad)->role,
                          RN_ROLE_GRAD);
    }
    object_unload(loaded);
    arena_destroy(o.arena);
}
END_TEST

START_TEST(broken_object_is_refused)
{
    Arena *a = arena_create();
    const RnModel *m = NULL;
    const char *error = NULL;
    ck_assert_ptr_null(object_load(a, "no object", 9, "tiny", &m, &error));
    ck_assert_ptr_nonnull(error);
    ck_assert_ptr_null(m);
    arena_destroy(a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("object");
    TCase *tests = tcase_create("object");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, exports_one_name, 0, (int)isa_table_count);
    tcase_add_loop_test(tests, code_is_position_independent, 0, (int)isa_table_count);
    tcase_add_loop_test(tests, symbols_are_those_that_are_needed, 0, (int)isa_table_count);
    tcase_add_test(tests, addresses_promise_nothing);
    tcase_add_loop_test(tests, debug_information_is_lines, 0, (int)isa_table_count);
    tcase_add_test(tests, same_request_same_code);
    tcase_add_test(tests, tables_keep_their_promises);
    tcase_add_test(tests, broken_object_is_refused);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
