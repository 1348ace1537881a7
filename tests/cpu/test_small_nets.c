// test_small_nets.c: small random networks on every instruction set, emulated where the machine lacks
// it, against the float64 interpreter (net_run.h): all channel counts from 1 to 2V+1, V the target's vector length,
// in blocks of every kind.
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "cpu/net_run.h"
#include "support/check_main.h"
#include "support/targets.h"

enum { MOST_CHANNELS = 33, RANDOM_NETS = 16, LONG_RANDOM_NETS = 2000 };

typedef struct Maker {
    StrBuf text;
    uint64_t random;
} Maker;

static uint32_t below(Maker *m, uint32_t bound)
{
    m->random = m->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(m->random >> 33) % bound;
}

// A count that has a divisor to cut into groups, or any.
static uint32_t divisor(Maker *m, uint32_t count)
{
    uint32_t groups = 1 + below(m, count);
    while (count % groups != 0) {
        groups--;
    }
    return groups;
}

// Blocks that leave c channels and never need a projection.
static void add_same(Maker *m, uint32_t c)
{
    switch (below(m, 7)) {
    case 0:
        strbuf_printf(&m->text, "    residual(c=%u)\n", c);
        return;
    case 1:
        strbuf_printf(&m->text, "    preact(c=%u)\n    bn\n    relu\n", c);
        return;
    case 2:
        strbuf_printf(&m->text, "    conv(3x3, c=%u, pad=1, groups=%u)\n    bn\n    relu\n", c,
                      divisor(m, c));
        return;
    case 3:
        strbuf_printf(&m->text, "    conv(1x1, c=%u, bias=true)\n    sigmoid\n", c);
        return;
    case 4:
        strbuf_printf(&m->text, "    chapter_residual(c=%u)\n", c);
        return;
    case 5:
        strbuf_printf(&m->text, "    avgpool(3x3, stride=1, pad=1)\n    bn\n");
        return;
    default:
        strbuf_printf(&m->text, "    residual(c=%u, drop=0.3)\n", c);
        return;
    }
}

// A change of channels, rows and columns; gives the new number of channels.
static uint32_t add_change(Maker *m, uint32_t c, uint32_t most)
{
    uint32_t to = 1 + below(m, most), stride = 1 + below(m, 2);
    switch (below(m, 6)) {
    case 0:
        strbuf_printf(&m->text, "    residual(c=%u, stride=%u, proj=1x1)\n", to, stride);
        return to;
    case 1:
        strbuf_printf(&m->text, "    preact(c=%u, stride=%u, proj=1x1)\n    bn\n    relu\n", to,
                      stride);
        return to;
    case 2:
        strbuf_printf(&m->text, "    conv(%s, c=%u, stride=%u, pad=2)\n    bn\n    relu\n",
                      below(m, 2) ? "5x5" : "3x5", to, stride);
        return to;
    case 3:
        strbuf_printf(&m->text,
                      "    x%u = it\n    conv(3x3, c=%u, pad=1)\n    bn\n    concat(it, x%u)\n", c,
                      to, c);
        return to + c;
    case 4:
        strbuf_printf(&m->text, "    pad_channels(before=%u, after=%u)\n    relu\n", to / 2,
                      to - to / 2);
        return to + c;
    default:
        strbuf_printf(&m->text, "    maxpool(3x3, stride=%u, pad=1)\n", stride);
        return c;
    }
}

// The text of a classifier that begins with c channels.
static const char *make(Arena *a, uint64_t seed, uint32_t channels, uint32_t c, uint32_t blocks,
                        uint32_t most)
{
    Maker m = {.text = {.arena = a}, .random = seed};
    (void)below(&m, 2);
    strbuf_printf(&m.text, "model small {\n    input image[%u, %u, %u]\n", channels,
                  13 + below(&m, 4), 12 + below(&m, 4));
    strbuf_printf(&m.text, "    conv(3x3, c=%u, pad=1)\n    bn\n", c);
    strbuf_add(&m.text, below(&m, 3) ? "    relu\n" : "");
    for (uint32_t i = 0; i < blocks; i++) {
        if (below(&m, 2)) {
            add_same(&m, c);
        } else {
            c = add_change(&m, c, most);
        }
    }
    strbuf_add(&m.text, "    global_avgpool\n    dense(3)\n}\n");
    return strbuf_text(&m.text);
}

// With the first seed that keeps the values from flips.
static void check_net(const char *text, const TargetDef *target)
{
    const TextFile file = {.name = "small.rn", .text = text, .bytes = strlen(text)};
    NetCase c = {.model = "small.rn", .batch = 5, .plan = 16, .text = &file, .seed = 1};
    Net n = net_run_load(&c, target, 1);
    while (net_run_margin(&n) < NET_RUN_MARGIN) {
        c.seed++;
        ck_assert_msg(c.seed < 64, "no seed keeps the distance from flips:\n%s", text);
        rn_session_close(n.session);
        net_run_open(&n, 1);
    }
    net_run_check_infer(&n);
    net_run_check_train(&n);
    net_run_unload(&n);
}

START_TEST(one_channel_and_batchnorm)
{
    static const char *const texts[] = {
        "model small { input x[1, 8, 8]\n conv(3x3, c=1, pad=1); bn\n global_avgpool; dense(2) }",
        "model small { input x[3, 8, 8]\n residual(c=1, proj=1x1)\n global_avgpool; dense(2) }",
        "model small { input x[1, 8, 8]\n bn; conv(3x3, c=1); bn; relu\n global_avgpool; dense(1) "
        "}",
    };
    for (size_t t = 0; t < isa_table_count; t++) {
        check_net(texts[_i], target_to_run(t));
    }
}
END_TEST

START_TEST(every_channel_count)
{
    Arena *a = arena_create();
    uint32_t c = (uint32_t)_i;
    for (size_t t = 0; t < isa_table_count; t++) {
        if (c <= 2 * target_to_run(t)->vector_floats + 1) {
            check_net(make(a, c, 1 + c % 3, c, 1, c), target_to_run(t));
        }
    }
    arena_destroy(a);
}
END_TEST

START_TEST(random_networks)
{
    Arena *a = arena_create();
    uint64_t seed = 1000 + (uint64_t)_i;
    check_net(make(a, seed, 1 + (uint32_t)_i % 4, 1 + (uint32_t)_i % 20, 4, 12),
              target_to_run((size_t)_i % isa_table_count));
    arena_destroy(a);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("small_nets");
    TCase *t = tcase_create("small_nets");
    tcase_set_timeout(t, 300);
    tcase_add_loop_test(t, one_channel_and_batchnorm, 0, 3);
    tcase_add_loop_test(t, every_channel_count, 1, MOST_CHANNELS + 1);
    tcase_add_loop_test(t, random_networks, 0,
                        getenv("RN_LONG_TESTS") ? LONG_RANDOM_NETS : RANDOM_NETS);
    suite_add_tcase(suite, t);
    return check_run(suite);
}
