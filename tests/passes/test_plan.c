// test_plan.c: the buffer plan: nothing that lives together overlaps, regions are as the ABI says,
// the arena is near its lower bound, with scratch too; plans share packed weights.
#include "base/textfile.h"
#include "build/build.h"
#include "ir/graph_clone.h"
#include "passes/fake_target.h"
#include "passes/nets.h"
#include "passes/intervals.h"
#include "passes/pipeline.h"
#include "passes/plan.h"
#include "support/check_main.h"

enum { SEEDS = 16 };

static Graph *plan_for(Arena *a, const Graph *built, Mode mode, uint32_t batch, PassOptions opt)
{
    Graph *g = graph_clone(a, built);
    g->mode = mode;
    g->plan_batch = batch;
    SourceSet sources = {.arena = a};
    Diag *diag = diag_create(a, &sources);
    PassReport report = {.dumps = {.arena = a}, .times = {.arena = a}};
    opt.target = opt.target ? opt.target : &fake_target;
    opt.verify_each = true;
    ck_assert(passes_run(g, &opt, diag, &report));
    ck_assert(g->facts & FACT_PLANNED);
    return g;
}

static Graph *plan(Arena *a, const Graph *built, Mode mode, PassOptions opt)
{
    return plan_for(a, built, mode, 2, opt);
}

// A value in the arena and its life, found without the planner.
typedef struct Life {
    const Value *v;
    uint32_t first, last;
} Life;

static uint32_t find_lives(const Graph *g, Life *lives, Life **by_id)
{
    uint32_t count = 0, step = 0;
    for (const Node *n = g->first; n; n = n->next) {
        if (n->bind != BIND_INPUTS) {
            continue;
        }
        for (uint32_t i = 0; i < n->inputs.count; i++) {
            if (by_id[n->inputs.at[i]->id]) {
                by_id[n->inputs.at[i]->id]->last = step;
            }
        }
        for (uint32_t i = 0; i < n->outputs.count; i++) {
            const Value *v = n->outputs.at[i];
            if (v->place.region != RN_REGION_ARENA) {
                continue;
            }
            by_id[v->id] = &lives[count];
            lives[count++] = (Life){v, step, step};
        }
        step++;
    }
    return count;
}

static bool overlaps(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes;
}

// At a batch, the bytes [offset, offset + bytes) of a value in its region.
static void extent(const Value *v, uint64_t batch, uint64_t *offset, uint64_t *bytes)
{
    PlanBytes b = plan_bytes(v);
    *offset = v->place.offset + batch * v->place.slope;
    *bytes = b.fixed + batch * b.per_image;
}

// b is written over a, element by element, by the expression that reads a last.
static bool in_place(const Life *a, const Life *b)
{
    const Node *n = b->v->def;
    bool operand = false;
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        if (n->inputs.at[i] == a->v) {
            if (i < n->own_inputs) {
                return false;
            }
            operand = true;
        }
    }
    for (uint32_t i = 0; i < n->side_count; i++) { // a reduction reads after the store
        for (uint32_t k = 1; k < n->sides[i].arg_count; k++) {
            if (n->inputs.at[n->sides[i].arg[k].index] == a->v) {
                return false;
            }
        }
    }
    return operand && a->last == b->first && b->v->def_out == 0 &&
           shape_equal(&a->v->shape, &b->v->shape) && a->v->place.offset == b->v->place.offset &&
           a->v->place.slope == b->v->place.slope;
}

static uint32_t check_disjoint(Arena *a, const Graph *g, uint64_t batch)
{
    Life *lives = ARENA_ARRAY(a, Life, g->next_value);
    Life **by_id = ARENA_ARRAY(a, Life *, g->next_value);
    uint32_t count = find_lives(g, lives, by_id), shared = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t ai, bi, aj, bj;
        extent(lives[i].v, batch, &ai, &bi);
        ck_assert_uint_eq(ai % PLAN_ALIGN, 0);
        ck_assert_msg(ai + bi <= g->arena_fixed + batch * g->arena_per_image,
                      "past the arena's end");
        for (uint32_t j = i + 1; j < count; j++) {
            extent(lives[j].v, batch, &aj, &bj);
            if (lives[j].first > lives[i].last || lives[i].first > lives[j].last ||
                !overlaps(ai, bi, aj, bj)) {
                continue;
            }
            ck_assert_msg(in_place(&lives[i], &lives[j]), "%%%u and %%%u live together and overlap",
                          lives[i].v->id, lives[j].v->id);
            shared++;
        }
    }
    return shared;
}

START_TEST(buffers_that_live_together_are_disjoint)
{
    Arena *a = arena_create();
    Graph *built = net_classifier(a, (uint64_t)_i, 3);
    for (int mode = 0; mode < 2; mode++) {
        Graph *g = plan(a, built, (Mode)mode, (PassOptions){0});
        check_disjoint(a, g, 1);
        check_disjoint(a, g, 2);
        check_disjoint(a, g, 37);
    }
    arena_destroy(a);
}
END_TEST

// The fake target, whose kernels want scratch of all sizes, some none.
static const Lowering *lower_with_scratch(const LowerTarget *t, const Graph *g, const Node *n)
{
    (void)t;
    Lowering *low = fake_lower(g, n);
    low->scratch_bytes = n->id % 3 ? n->id * 2654435761u % 6000 : 0;
    return low;
}

// No place for scratch holds what lives while its step runs, nor leaves the arena by more than the
// plan says. Gives the number of places.
static uint32_t check_scratch(Arena *a, const Graph *g, uint64_t batch)
{
    Life *lives = ARENA_ARRAY(a, Life, g->next_value);
    Life **by_id = ARENA_ARRAY(a, Life *, g->next_value);
    uint32_t count = find_lives(g, lives, by_id), step = 0, places = 0;
    uint64_t end = g->arena_fixed + batch * g->arena_per_image + g->scratch_beside;
    for (const Node *n = g->first; n; n = n->next) {
        if (n->bind != BIND_INPUTS) {
            continue;
        }
        uint64_t bytes = n->lowering->scratch_bytes;
        uint64_t at = n->scratch.offset + batch * n->scratch.slope;
        ck_assert(n->scratch.placed == (bytes > 0));
        for (uint32_t i = 0; bytes && i < count; i++) {
            uint64_t other, other_bytes;
            extent(lives[i].v, batch, &other, &other_bytes);
            ck_assert_msg(lives[i].first > step || lives[i].last < step ||
                              !overlaps(at, bytes, other, other_bytes),
                          "%s, step %u: its scratch overlaps %%%u", g->name, step, lives[i].v->id);
        }
        if (bytes) {
            ck_assert_uint_eq(n->scratch.region, RN_REGION_ARENA);
            ck_assert_uint_eq(at % PLAN_ALIGN, 0);
            ck_assert_uint_le(at + bytes, end);
            places++;
        }
        step++;
    }
    return places;
}

START_TEST(scratch_lies_between_buffers_at_batch_1)
{
    Arena *a = arena_create();
    LowerTarget target = fake_target;
    target.lower = lower_with_scratch;
    Graph *built = net_classifier(a, (uint64_t)_i, 3);
    for (int mode = 0; mode < 2; mode++) {
        Graph *g = plan_for(a, built, (Mode)mode, 1, (PassOptions){.target = &target});
        ck_assert(g->scratch_placed);
        ck_assert_uint_le(g->scratch_beside, plan_round_up(plan_scratch(g)));
        ck_assert_uint_gt(check_scratch(a, g, 1), 5);
        check_scratch(a, g, 2);
        check_scratch(a, g, 37);
        check_disjoint(a, g, 1);
        check_disjoint(a, g, 37);
        g = plan(a, built, (Mode)mode, (PassOptions){.target = &target});
        ck_assert(!g->scratch_placed);
        ck_assert_uint_eq(g->scratch_beside, plan_scratch(g));
        for (const Node *n = g->first; n; n = n->next) {
            ck_assert(!n->scratch.placed);
        }
    }
    arena_destroy(a);
}
END_TEST

// With the real kernels of one machine, whatever runs the test.
START_TEST(shipped_plans_are_at_their_bound)
{
    for (size_t i = 0; i < shipped_models_table_count; i++) {
        Arena *a = arena_create();
        const char *model = shipped_models_table[i].name;
        const BuildRequest request = {
            .model = model, .target = "x86-64-v4", .plans = {.infer = true}};
        Build *b;
        ck_assert_int_eq(build_start(a, &request, &b), BUILD_OK);
        ck_assert_int_eq(build_make_plans(b), BUILD_OK);
        const Graph *g = build_plan(b, 0);
        PlanLives lives;
        plan_lives(a, g, &lives);
        PlanBound bound = plan_bound(a, g, &lives);
        double least = (double)(bound.fixed + bound.per_image + bound.scratch);
        double total = (double)plan_total(g);
        ck_assert_msg(total >= least && total <= 1.05 * least, "%s: %.0f bytes, lower bound %.0f",
                      model, total, least);
        check_scratch(a, g, 1);
        check_disjoint(a, g, 1);
        build_finish(b);
        arena_destroy(a);
    }
}
END_TEST

START_TEST(results_take_over_operands)
{
    Arena *a = arena_create();
    Graph *g = plan(a, net_of_kind(a, "basic"), MODE_TRAIN, (PassOptions){0});
    ck_assert_uint_gt(check_disjoint(a, g, 1), 0);
    arena_destroy(a);
}
END_TEST

START_TEST(inference_is_near_its_bound)
{
    Arena *a = arena_create();
    Graph *g = plan(a, net_classifier(a, (uint64_t)_i, 6), MODE_INFER, (PassOptions){0});
    double total = (double)(g->arena_fixed + 2 * g->arena_per_image);
    double bound = (double)(g->bound_fixed + 2 * g->bound_per_image);
    // Rounding up to 64 bytes is a few percent of such small tensors.
    ck_assert_msg(total <= 1.1 * bound, "%.0f bytes, lower bound %.0f", total, bound);
    ck_assert_msg(total >= bound, "the bound is no bound");
    arena_destroy(a);
}
END_TEST

START_TEST(packed_weights_are_disjoint_and_shared)
{
    Arena *a = arena_create();
    Graph *built = net_of_kind(a, "basic");
    PackedPool *pool = packed_pool_create(a);
    Graph *first = plan(a, built, MODE_INFER, (PassOptions){.packed = pool});
    uint64_t bytes = packed_pool_bytes(pool);
    Graph *second = plan(a, built, MODE_INFER, (PassOptions){.packed = pool});
    ck_assert_uint_eq(packed_pool_bytes(pool), bytes);
    ck_assert_uint_eq(second->packed_bytes, first->packed_bytes);
    uint32_t prepared = 0;
    for (const Node *n = first->first, *m = second->first; n; n = n->next, m = m->next) {
        ck_assert(!n->prepared);
        ck_assert(m->prepared == (m->bind == BIND_PARAMS));
        prepared += m->prepared;
        for (uint32_t i = 0; i < m->inputs.count; i++) {
            if (m->bind == BIND_INPUTS && m->inputs.at[i]->place.region == RN_REGION_PACKED) {
                ck_assert_uint_eq(m->inputs.at[i]->place.offset, n->inputs.at[i]->place.offset);
            }
        }
    }
    ck_assert_uint_gt(prepared, 5);
    arena_destroy(a);
}
END_TEST

// What steps read of the packed region, all at once.
START_TEST(packed_results_do_not_overlap)
{
    Arena *a = arena_create();
    Graph *g = plan(a, net_classifier(a, (uint64_t)_i, 3), MODE_INFER, (PassOptions){0});
    const Value **read = ARENA_ARRAY(a, const Value *, g->next_value);
    uint32_t count = 0;
    for (const Node *n = g->first; n; n = n->next) {
        for (uint32_t i = 0; n->bind == BIND_INPUTS && i < n->inputs.count; i++) {
            const Value *v = n->inputs.at[i];
            if (v->place.region == RN_REGION_PACKED) {
                read[count++] = v;
            }
        }
    }
    ck_assert_uint_gt(count, 0);
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t j = i + 1; j < count; j++) {
            ck_assert(read[i] == read[j] ||
                      !overlaps(read[i]->place.offset, plan_bytes(read[i]).fixed,
                                read[j]->place.offset, plan_bytes(read[j]).fixed));
        }
    }
    arena_destroy(a);
}
END_TEST

START_TEST(regions_are_numbered_alike_in_both_modes)
{
    Arena *a = arena_create();
    Graph *built = net_of_kind(a, "basic");
    Graph *train = plan(a, built, MODE_TRAIN, (PassOptions){.both_modes = true});
    Graph *infer = plan(a, built, MODE_INFER, (PassOptions){.both_modes = true});
    Graph *alone = plan(a, built, MODE_INFER, (PassOptions){0});
    ck_assert_uint_eq(train->inputs.at[0]->place.region, RN_REGION_FIRST_IO);
    ck_assert_uint_eq(train->labels->place.region, RN_REGION_FIRST_IO + 1);
    ck_assert_uint_eq(train->loss->place.region, RN_REGION_FIRST_IO + 2);
    ck_assert_uint_eq(train->outputs.at[0]->place.region, RN_REGION_FIRST_IO + 3);
    ck_assert_uint_eq(infer->outputs.at[0]->place.region, RN_REGION_FIRST_IO + 3);
    ck_assert_uint_eq(alone->outputs.at[0]->place.region, RN_REGION_FIRST_IO + 1);
    uint64_t end = 0;
    for (uint32_t i = 0; i < train->grads.count; i++) {
        const Value *v = train->grads.at[i];
        ck_assert_uint_eq(v->place.region, RN_REGION_GRADS);
        ck_assert_uint_eq(v->place.offset, end);
        end = plan_round_up(end + plan_bytes(v).fixed);
    }
    for (uint32_t i = 0; i < train->params.count; i++) { // whatever the plan
        ck_assert_uint_eq(train->params.at[i]->place.offset, infer->params.at[i]->place.offset);
    }
    arena_destroy(a);
}
END_TEST

static uint64_t arena_per_image(Arena *a, const Graph *g, Recompute recompute)
{
    return plan(a, g, MODE_TRAIN, (PassOptions){.recompute = recompute})->arena_per_image;
}

START_TEST(recomputing_saves_memory)
{
    Arena *a = arena_create();
    Net t = net_create(a, 1);
    Value *x =
        net_op(&t, "relu", net_bn(&t, net_conv(&t, net_input(&t, 3, 16, 16), 3, 8, 1, false)));
    for (int i = 0; i < 16; i++) {
        x = net_basic(&t, x, i < 8 ? 8 : 16, i == 8 ? 2 : 1, false);
    }
    net_output(&t, net_dense(&t, net_op(&t, "global_avgpool", x), 5), "logits");
    uint64_t none = arena_per_image(a, t.g, RECOMPUTE_NONE);
    uint64_t maps = arena_per_image(a, t.g, RECOMPUTE_MAPS);
    uint64_t joins = arena_per_image(a, t.g, RECOMPUTE_JOINS);
    ck_assert_uint_lt(10 * maps, 8 * none);
    ck_assert_uint_lt(10 * joins, 8 * maps);
    ck_assert_uint_le(arena_per_image(a, t.g, RECOMPUTE_CONVS), joins);
    arena_destroy(a);
}
END_TEST

START_TEST(recomputing_light_convolutions_saves_memory)
{
    Arena *a = arena_create();
    Net t = net_create(a, 1);
    Value *x = net_input(&t, 8, 16, 16);
    for (int i = 0; i < 6; i++) { // 72 values are too many to reduce again, 8 are not
        x = net_op(&t, "relu", net_bn(&t, net_conv(&t, x, 3, 8, 1, false)));
        x = net_op(&t, "relu", net_bn(&t, net_conv(&t, x, 1, 48, 1, false)));
    }
    net_output(&t, net_dense(&t, net_op(&t, "global_avgpool", x), 5), "logits");
    uint64_t joins = arena_per_image(a, t.g, RECOMPUTE_JOINS);
    ck_assert_uint_lt(10 * arena_per_image(a, t.g, RECOMPUTE_CONVS), 6 * joins);
    arena_destroy(a);
}
END_TEST

START_TEST(intervals_fill_nested_lives_exactly)
{
    Arena *a = arena_create();
    Interval at[64];
    for (uint32_t i = 0; i < 64; i++) { // lives one inside the other, of mixed sizes
        at[i] = (Interval){.first = i, .last = 127 - i, .bytes = 64 * (1 + i * 7 % 5)};
    }
    uint64_t sum = 0;
    for (uint32_t i = 0; i < 64; i++) {
        sum += at[i].bytes;
    }
    ck_assert_uint_eq(intervals_pack(a, at, 64), sum);
    Interval two[2] = {{.first = 0, .last = 1, .bytes = 64}, {.first = 2, .last = 3, .bytes = 128}};
    ck_assert_uint_eq(intervals_pack(a, two, 2), 128);
    ck_assert_uint_eq(intervals_pack(a, two, 0), 0);
    arena_destroy(a);
}
END_TEST

START_TEST(intervals_that_yield_take_what_is_free)
{
    Arena *a = arena_create();
    // Alone the first two take 192 bytes. The largest comes last, and finds room for itself.
    Interval at[] = {{.first = 0, .last = 1, .bytes = 128},
                     {.first = 1, .last = 3, .bytes = 64},
                     {.first = 2, .last = 2, .bytes = 192, .yields = true},
                     {.first = 3, .last = 3, .bytes = 64, .yields = true}};
    ck_assert_uint_eq(intervals_pack(a, at, 4), 256);
    ck_assert_uint_eq(at[0].offset + at[1].offset, at[0].offset ? 64 : 128);
    for (int i = 2; i < 4; i++) {
        ck_assert(!overlaps(at[1].offset, 64, at[i].offset, at[i].bytes));
    }
    ck_assert_uint_le(at[3].offset, 128); // within the two
    arena_destroy(a);
}
END_TEST

START_TEST(plan_is_printed_with_totals)
{
    Arena *a = arena_create();
    Graph *built = net_of_kind(a, "se");
    Graph *g = plan(a, built, MODE_INFER, (PassOptions){0});
    const char *text = plan_print(a, g);
    ck_assert_ptr_nonnull(strstr(text, "plan of se, inference, batch 2"));
    ck_assert_ptr_nonnull(strstr(text, "\nlower bound "));
    ck_assert_ptr_nonnull(strstr(text, "\ntotal / bound "));
    LowerTarget target = fake_target;
    target.lower = lower_with_scratch;
    PassOptions opt = {.target = &target};
    ck_assert_ptr_nonnull(strstr(plan_print(a, plan(a, built, MODE_INFER, opt)), " per worker\n"));
    ck_assert_ptr_nonnull(strstr(plan_print(a, plan_for(a, built, MODE_INFER, 1, opt)),
                                 " per worker; the first's in the arena"));
    arena_destroy(a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("plan");
    TCase *tc = tcase_create("plan");
    tcase_set_timeout(tc, 120);
    tcase_add_loop_test(tc, buffers_that_live_together_are_disjoint, 0, SEEDS);
    tcase_add_loop_test(tc, scratch_lies_between_buffers_at_batch_1, 0, SEEDS);
    tcase_add_test(tc, shipped_plans_are_at_their_bound);
    tcase_add_test(tc, results_take_over_operands);
    tcase_add_loop_test(tc, inference_is_near_its_bound, 0, SEEDS);
    tcase_add_test(tc, packed_weights_are_disjoint_and_shared);
    tcase_add_loop_test(tc, packed_results_do_not_overlap, 0, SEEDS);
    tcase_add_test(tc, regions_are_numbered_alike_in_both_modes);
    tcase_add_test(tc, recomputing_saves_memory);
    tcase_add_test(tc, recomputing_light_convolutions_saves_memory);
    tcase_add_test(tc, intervals_fill_nested_lives_exactly);
    tcase_add_test(tc, intervals_that_yield_take_what_is_free);
    tcase_add_test(tc, plan_is_printed_with_totals);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
