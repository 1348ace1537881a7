// test_isa.c: the primitives of every instruction set: products, permutations, parts of vectors,
// conversions, streaming stores. Their slow exact forms run on every machine and agree with plain C
// to the bit; the fast instructions are looked for in the assembly of every instruction set, and
// run where the machine has them, else reported as skipped. Not here: kernels (test_kernels.c).
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/kernel.h"
#include "support/check_main.h"
#include "support/kernel_run.h"
#include "support/targets.h"

enum { MAX_V = 16, MAX_OUT = 2 * MAX_V, PERMUTE_STEP = 5, PERMUTE_FIRST = 3 };

// Three vectors of the input.
static Val input_vector(Emit *e, int64_t i)
{
    Access in = emit_input(e, 0);
    return access_load(e->vb, access_ati(e->vb, in, access_bytes(in, i * e->vb->width)));
}

static void emit_product(Emit *e)
{
    Val sum = emit_dot(e->vb, input_vector(e, 0), input_vector(e, 1), input_vector(e, 2));
    access_store(e->vb, sum, emit_output(e, 0));
}

static void expect_product(const Isa *isa, const float *in, float *out)
{
    for (uint32_t v = isa->vector_floats, l = 0; l < v; l++) {
        volatile float product = in[v + l] * in[2 * v + l]; // volatile: rounded by itself
        out[l] = isa->has_fma ? fmaf(in[v + l], in[2 * v + l], in[l]) : product + in[l];
    }
}

static uint32_t permute_index(const Isa *isa, uint32_t lane)
{
    return (lane * PERMUTE_STEP + PERMUTE_FIRST) % (2 * isa->vector_floats);
}

static void emit_permutation(Emit *e)
{
    Vb *b = e->vb;
    if (!vb_can_permute2(b->target)) {
        access_store(b, input_vector(e, 0), emit_output(e, 0));
        return;
    }
    Val index[MAX_V];
    for (uint32_t l = 0; l < b->width; l++) {
        index[l] = LLVMConstInt(b->i32, permute_index(b->target->isa, l), 0);
    }
    Val lanes = LLVMConstVector(index, b->width);
    Val made = vb_permute2(b, input_vector(e, 0), input_vector(e, 1), lanes);
    access_store(b, made, emit_output(e, 0));
}

static void expect_permutation(const Isa *isa, const float *in, float *out)
{
    for (uint32_t l = 0; l < isa->vector_floats; l++) {
        out[l] = in[isa->permute2 ? permute_index(isa, l) : l];
    }
}

// All but the last lane.
static void emit_part(Emit *e)
{
    uint32_t lanes = e->vb->width - 1;
    Val x = access_load_lanes(e->vb, emit_input(e, 0), lanes);
    Access out = emit_output(e, 0);
    access_store(e->vb, x, out);
    out = access_ati(e->vb, out, access_bytes(out, e->vb->width));
    access_store_lanes(e->vb, x, out, lanes);
}

static void expect_part(const Isa *isa, const float *in, float *out)
{
    uint32_t v = isa->vector_floats;
    for (uint32_t l = 0; l + 1 < v; l++) {
        out[l] = out[v + l] = in[l];
    }
    out[v - 1] = 0; // and the second vector's last lane is left as it was
}

// f32 to bf16 and back.
static void emit_conversion(Emit *e)
{
    Access halves = {emit_output(e, 0).at, ELEM_BF16};
    access_store(e->vb, input_vector(e, 0), halves);
    access_store(e->vb, access_load(e->vb, halves), emit_output(e, 0));
}

static void expect_conversion(const Isa *isa, const float *in, float *out)
{
    for (uint32_t l = 0; l < isa->vector_floats; l++) {
        uint32_t bits;
        memcpy(&bits, &in[l], sizeof bits);
        uint32_t rest = bits & 0xffff, half = bits >> 16;
        half += rest > 0x8000 || (rest == 0x8000 && (half & 1));
        half = isnan(in[l]) ? (bits >> 16 | 0x40) : half;
        bits = half << 16;
        memcpy(&out[l], &bits, sizeof bits);
    }
}

static void emit_streaming(Emit *e)
{
    access_store_streaming(e->vb, input_vector(e, 0), emit_output(e, 0));
    access_fence(e->vb);
}

static void expect_copy(const Isa *isa, const float *in, float *out)
{
    memcpy(out, in, isa->vector_floats * sizeof *in);
}

typedef struct Primitive {
    const char *name;
    void (*emit)(Emit *e);
    void (*expect)(const Isa *isa, const float *in, float *out);
    // What the assembly of each instruction set must hold, by its name.
    struct {
        const char *isa, *text[2];
    } fast[4];
} Primitive;

static const Primitive primitives[] = {
    {"dot",
     emit_product,
     expect_product,
     {{"x86-64-v4", {"vfmadd", "%zmm"}},
      {"x86-64-v3", {"vfmadd", "%ymm"}},
      {"x86-64", {"mulps", "addps"}},
      {"aarch64", {"fmla", ".4s"}}}},
    {"permute2",
     emit_permutation,
     expect_permutation,
     {{"x86-64-v4", {"vperm", "%zmm"}}, {"x86-64-v3", {"vpermps", "%ymm"}}}},
    {"part of a vector",
     emit_part,
     expect_part,
     {{"x86-64-v4", {"{%k", "%zmm"}}, {"x86-64-v3", {"vmaskmovps", "%ymm"}}}},
    {"bf16 and back", emit_conversion, expect_conversion, {{NULL, {NULL}}}},
    {"streaming store",
     emit_streaming,
     expect_copy,
     {{"x86-64-v4", {"vmovntps", "sfence"}},
      {"x86-64-v3", {"vmovntps", "sfence"}},
      {"x86-64", {"movntps", "sfence"}}}},
};
enum { PRIMITIVES = sizeof primitives / sizeof primitives[0] };

typedef struct Setting {
    KernelDef kernel;
    Lowering low;
    Value x, y;
    Node node;
} Setting;

// A kernel that uses the primitive once.
static Node *set_up(Arena *a, const Primitive *p)
{
    static const OpDef op = {.name = "test"};
    Setting *s = ARENA_NEW(a, Setting);
    s->kernel = (KernelDef){.name = "test", .op = "test", .emit = p->emit};
    s->low = (Lowering){
        .kernel = "test", .kernel_def = &s->kernel, .tasks_mul = 1, .tasks_div = RN_DIV_ALL};
    s->node = (Node){.op = &op, .name = "test", .lowering = &s->low, .own_inputs = 1};
    s->x.shape = s->y.shape = shape_vector(3 * MAX_V);
    VEC_PUSH(a, &s->node.inputs, &s->x);
    VEC_PUSH(a, &s->node.outputs, &s->y);
    return &s->node;
}

// Numbers of both signs and many sizes.
static void fill(float *in)
{
    for (int i = 0; i < 3 * MAX_V; i++) {
        in[i] = (float)(i % 2 ? -1 : 1) * ldexpf(1.0F + (float)(i * 37 % 101) / 101.0F, i % 11 - 5);
    }
}

static void run_primitive(const TargetDef *target, const Primitive *p, const float *in)
{
    Arena *a = arena_create();
    float want[MAX_OUT];
    memset(want, 0x7f, sizeof want);
    p->expect(target->isa, in, want);
    KernelRun *r = kernel_run_create(target, set_up(a, p));
    GuardBlock from = guard_block(3 * MAX_V * sizeof(float), true);
    GuardBlock to = guard_block(sizeof want, true);
    memcpy(from.at, in, 3 * MAX_V * sizeof(float));
    memset(to.at, 0x7f, sizeof want);
    const RnCall call = {.struct_bytes = sizeof call, .batch = 1};
    kernel_run_call(r, &call, 0, 1, NULL, (void *[]){from.at, to.at});
    ck_assert_msg(guard_block_clean(&to), "%s: %s writes elsewhere", target->isa->name, p->name);
    ck_assert_msg(memcmp(to.at, want, sizeof want) == 0, "%s%s: %s differs from plain C",
                  target->isa->name, target->emulated ? " emulated" : "", p->name);
    guard_block_free(&from);
    guard_block_free(&to);
    kernel_run_destroy(r);
    arena_destroy(a);
}

START_TEST(forms_agree_with_plain_c)
{
    float in[3 * MAX_V];
    fill(in);
    Arena *a = arena_create();
    for (size_t i = 0; i < isa_table_count; i++) {
        const Isa *isa = isa_table[i];
        ck_assert_uint_le(isa->vector_floats, MAX_V);
        run_primitive(target_emulate(a, isa), &primitives[_i], in);
        if (isa_runs_here(isa)) {
            run_primitive(target_to_see(i), &primitives[_i], in);
        } else {
            printf("skipped: %s of %s runs emulated only, this machine lacks the instructions\n",
                   primitives[_i].name, isa->name);
        }
    }
    arena_destroy(a);
}
END_TEST

// Ties, infinities, NaN and numbers next to the largest.
START_TEST(conversions_of_odd_numbers)
{
    static const uint32_t odd[] = {0x3f808000, 0x3f818000, 0x7f800000, 0xff800000, 0x7f800001,
                                   0xffc00000, 0x80008000, 0x7f7fffff, 0x3f807fff, 0x3f808001};
    float in[4 * MAX_V];
    for (int i = 0; i < 4 * MAX_V; i++) {
        memcpy(&in[i], &odd[i % 10], sizeof in[i]);
    }
    const Primitive p = {
        "bf16 of odd numbers", emit_conversion, expect_conversion, {{NULL, {NULL}}}};
    Arena *a = arena_create();
    for (int shift = 0; shift < 10; shift++) {
        for (size_t i = 0; i < isa_table_count; i++) {
            run_primitive(target_emulate(a, isa_table[i]), &p, in + shift);
        }
    }
    arena_destroy(a);
}
END_TEST

START_TEST(assembly_has_the_instructions)
{
    const Primitive *p = &primitives[_i];
    for (size_t i = 0; i < isa_table_count; i++) {
        Arena *a = arena_create();
        const char *text = kernel_run_assembly(a, target_to_see(i), set_up(a, p));
        for (size_t k = 0; k < 4 && p->fast[k].isa; k++) {
            bool same = strcmp(p->fast[k].isa, isa_table[i]->name) == 0;
            for (int t = 0; same && t < 2; t++) {
                ck_assert_msg(strstr(text, p->fast[k].text[t]) != NULL, "%s: %s has no %s:\n%s",
                              isa_table[i]->name, p->name, p->fast[k].text[t], text);
            }
        }
        arena_destroy(a);
    }
}
END_TEST

// The figures that planners take fit the instruction set.
START_TEST(records_are_whole)
{
    for (size_t i = 0; i < isa_table_count; i++) {
        const Isa *isa = isa_table[i];
        ck_assert_uint_ge(isa->vector_registers, 8);
        ck_assert_uint_eq(isa->vector_floats & (isa->vector_floats - 1), 0);
        ck_assert_uint_eq(isa->dot->group, 1);
        ck_assert_int_eq(isa->dot->sum, ELEM_F32);
        ck_assert_ptr_nonnull(isa->usual);
        ck_assert_ptr_nonnull(machine_rate(isa->usual, isa->name));
        ck_assert((isa->permute2 != NULL) == (isa->permute2_ops > 0));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("isa");
    TCase *tests = tcase_create("isa");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, forms_agree_with_plain_c, 0, PRIMITIVES);
    tcase_add_test(tests, conversions_of_odd_numbers);
    tcase_add_loop_test(tests, assembly_has_the_instructions, 0, PRIMITIVES);
    tcase_add_test(tests, records_are_whole);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
