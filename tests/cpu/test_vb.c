// test_vb.c: the vector builder and f32 in memory (access.h) on every target that this machine runs:
// exp and log within 2 ulp, their edges, reductions, partial loads and stores, loops without a trip.
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "cpu/kernel.h"
#include "support/check_main.h"
#include "support/targets.h"
#include "support/kernel_run.h"

enum { COUNT = 1 << 16, WIDEST = 64 };

// A kernel whose input 0 and output 0 are arrays; what it computes is the test's emit function.
static float *run(const TargetDef *target, void (*emit)(Emit *), const float *in, size_t count)
{
    static const OpDef op = {.name = "test"};
    Arena *a = arena_create();
    KernelDef kernel = {.name = "test", .op = "test", .emit = emit};
    Lowering low = {
        .kernel = "test", .kernel_def = &kernel, .tasks_mul = 1, .tasks_div = RN_DIV_ALL};
    Value *x = ARENA_NEW(a, Value), *y = ARENA_NEW(a, Value);
    Node node = {.op = &op, .name = "test", .lowering = &low, .own_inputs = 1};
    x->shape = y->shape = shape_vector((int64_t)count);
    VEC_PUSH(a, &node.inputs, x);
    VEC_PUSH(a, &node.outputs, y);
    KernelRun *r = kernel_run_create(target, &node);
    float *memory = aligned_alloc(256, 2 * (count + WIDEST) * sizeof(float) + 256);
    ck_assert_ptr_nonnull(memory);
    float *from = memory, *to = memory + (count + WIDEST);
    memcpy(from, in, count * sizeof *in);
    memset(to, 0x7f, count * sizeof *to);
    const RnCall call = {.struct_bytes = sizeof call, .batch = (uint32_t)count};
    kernel_run_call(r, &call, 0, 1, NULL, (void *[]){from, to});
    kernel_run_destroy(r);
    arena_destroy(a);
    float *out = malloc(count * sizeof *out);
    ck_assert_ptr_nonnull(out);
    memcpy(out, to, count * sizeof *out);
    free(memory);
    return out;
}

static void emit_map(Emit *e, Val (*f)(Vb *, Val))
{
    Vb *b = e->vb;
    VbLoop loop = vb_for(b, vb_int(b, 0), e->batch, b->width, NULL, 0);
    Val x = access_load_unaligned(b, access_index(b, emit_input(e, 0), loop.index, 1));
    access_store_unaligned(b, f(b, x), access_index(b, emit_output(e, 0), loop.index, 1));
    vb_for_end(b, &loop, NULL);
}

static void emit_exp(Emit *e)
{
    emit_map(e, vb_exp);
}

static void emit_log(Emit *e)
{
    emit_map(e, vb_log);
}

// Distance in units of the last place of the right result.
static double ulps(float got, double want)
{
    int exponent;
    (void)frexp(want, &exponent);
    exponent = exponent < -125 ? -125 : exponent;
    return fabs((double)got - want) / ldexp(1.0, exponent - 24);
}

static void check_function(void (*emit)(Emit *), double (*f)(double), const float *in,
                           const char *name)
{
    for (size_t t = 0; t < isa_table_count; t++) {
        float *out = run(target_to_run(t), emit, in, COUNT);
        double worst = 0;
        for (size_t i = 0; i < COUNT; i++) {
            double want = f((double)in[i]);
            if ((double)(float)want == HUGE_VAL) {
                ck_assert_float_infinite(out[i]);
                continue;
            }
            double error = ulps(out[i], want);
            worst = error > worst ? error : worst;
        }
        ck_assert_msg(worst <= 2.0, "%s: %s errs by %.2f ulp", isa_table[t]->name, name, worst);
        free(out);
    }
}

START_TEST(exp_is_accurate)
{
    float *in = malloc(COUNT * sizeof *in);
    for (int i = 0; i < COUNT; i++) {
        in[i] = (float)(-104.0 + 193.0 * i / COUNT); // from below the smallest to above the largest
    }
    check_function(emit_exp, exp, in, "exp");
    free(in);
}
END_TEST

START_TEST(log_is_accurate)
{
    float *in = malloc(COUNT * sizeof *in);
    for (uint32_t i = 0; i < COUNT; i++) { // all exponents, subnormals too, and around 1
        uint32_t bits = i % 2 ? 1 + i * 32639u : 0x3F000000u + i * 256u;
        memcpy(&in[i], &bits, sizeof bits);
    }
    check_function(emit_log, log, in, "log");
    free(in);
}
END_TEST

START_TEST(edges)
{
    float in[WIDEST] = {0.0f, -0.0f, -1.0f, HUGE_VALF, -HUGE_VALF, NAN, 1.0f, 200.0f, -200.0f};
    for (size_t t = 0; t < isa_table_count; t++) {
        float *e = run(target_to_run(t), emit_exp, in, WIDEST);
        ck_assert_float_eq(e[0], 1.0f);
        ck_assert_float_eq(e[1], 1.0f);
        ck_assert_float_eq(e[3], HUGE_VALF);
        ck_assert_float_eq(e[4], 0.0f);
        ck_assert_float_nan(e[5]);
        ck_assert_float_eq(e[7], HUGE_VALF);
        ck_assert_float_eq(e[8], 0.0f);
        float *l = run(target_to_run(t), emit_log, in, WIDEST);
        ck_assert_float_eq(l[0], -HUGE_VALF);
        ck_assert_float_eq(l[1], -HUGE_VALF);
        ck_assert_float_nan(l[2]);
        ck_assert_float_eq(l[3], HUGE_VALF);
        ck_assert_float_nan(l[4]);
        ck_assert_float_nan(l[5]);
        ck_assert_float_eq(l[6], 0.0f);
        free(e);
        free(l);
    }
}
END_TEST

static Access output_at(Emit *e, int64_t element)
{
    Access to = emit_output(e, 0);
    return access_ati(e->vb, to, access_bytes(to, element));
}

// out[0]: sum of the first vector, out[1]: its largest, out[2]: sum of its first three; then partial
// loads and stores of every length.
static void emit_lanes(Emit *e)
{
    Vb *b = e->vb;
    Val x = access_load_unaligned(b, emit_input(e, 0));
    Val first = vb_keep_first(b, x, vb_int(b, 3));
    access_store_scalar(b, vb_reduce_add(b, x), output_at(e, 0));
    access_store_scalar(b, vb_reduce_max(b, x), output_at(e, 1));
    access_store_scalar(b, vb_reduce_add(b, first), output_at(e, 2));
    int64_t at = 3;
    for (uint32_t lanes = 1; lanes <= b->width; lanes++) {
        Val part = access_load_lanes(b, emit_input(e, 0), lanes);
        access_store_scalar(b, vb_reduce_add(b, part), output_at(e, at));
        access_store_lanes(b, vb_const(b, lanes), output_at(e, at + 1), lanes);
        at += lanes + 2; // one element stays as it was
    }
    Val init = vb_const(b, 5.0);
    VbLoop none = vb_for(b, e->batch, e->batch, 1, &init, 1);
    Val next = vb_zero(b);
    vb_for_end(b, &none, &next);
    access_store_unaligned(b, none.carried[0], output_at(e, at));
}

START_TEST(lanes_and_reductions)
{
    enum { ROOM = 1024 };
    float in[ROOM] = {0};
    for (int i = 0; i < WIDEST; i++) {
        in[i] = (float)(i % 7) - 2.5f;
    }
    for (size_t t = 0; t < isa_table_count; t++) {
        uint32_t width = isa_table[t]->vector_floats;
        float *out = run(target_to_run(t), emit_lanes, in, ROOM);
        float sum = 0, untouched;
        memset(&untouched, 0x7f, sizeof untouched);
        size_t at = 3;
        for (uint32_t lanes = 1; lanes <= width; lanes++) {
            sum += in[lanes - 1];
            ck_assert_float_eq(out[at], sum); // small multiples of a half: exact
            for (uint32_t i = 0; i < lanes; i++) {
                ck_assert_float_eq(out[at + 1 + i], (float)lanes);
            }
            ck_assert_float_eq(out[at + 1 + lanes], untouched);
            at += lanes + 2;
        }
        ck_assert_float_eq(out[0], sum);
        ck_assert_float_eq(out[1], width >= 7 ? 3.5f : 0.5f);
        ck_assert_float_eq(out[2], in[0] + in[1] + in[2]);
        ck_assert_float_eq(out[at], 5.0f);
        free(out);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vb");
    TCase *tests = tcase_create("vb");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, exp_is_accurate);
    tcase_add_test(tests, log_is_accurate);
    tcase_add_test(tests, edges);
    tcase_add_test(tests, lanes_and_reductions);
    suite_add_tcase(suite, tests);
    return check_run(suite);
}
