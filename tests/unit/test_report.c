// test_report.c: the parts of --report: pictures, base64, charts, what a model gets wrong.
#include "support/check_main.h"

#include <math.h>
#include <string.h>
#include <zlib.h>

#include "tool/report/chart.h"
#include "tool/report/png_writer.h"
#include "tool/report/mistakes.h"

static Arena *arena;

static void setup(void)
{
    arena = arena_create();
}

static void teardown(void)
{
    arena_destroy(arena);
}

static int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *at = strstr(text, what); at; at = strstr(at + 1, what)) {
        n++;
    }
    return n;
}

static uint32_t u32_at(const char *p)
{
    const unsigned char *b = (const unsigned char *)p;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

// The vectors of RFC 4648, section 10.
START_TEST(base64)
{
    static const char *const cases[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        StrBuf text = {.arena = arena};
        base64_add(&text, cases[i][0], strlen(cases[i][0]));
        ck_assert_str_eq(strbuf_text(&text), cases[i][1]);
    }
}
END_TEST

// Walks the chunks, checks each CRC, inflates the pixels.
static void check_png(uint32_t width, uint32_t height, uint32_t channels)
{
    size_t row = (size_t)width * channels;
    uint8_t *pixels = arena_alloc(arena, row * height),
            *back = arena_alloc(arena, (row + 1) * height);
    for (size_t i = 0; i < row * height; i++) {
        pixels[i] = (uint8_t)(i * 91 % 256);
    }
    StrBuf png = {.arena = arena};
    ck_assert(png_encode(pixels, width, height, channels, &png));
    ck_assert_int_eq(memcmp(png.text, "\x89PNG\r\n\x1a\n", 8), 0);
    int chunks = 0;
    for (size_t at = 8; at < png.count; chunks++) {
        uint32_t bytes = u32_at(png.text + at);
        const char *type = png.text + at + 4;
        ck_assert_uint_le(at + 12 + bytes, png.count);
        ck_assert_uint_eq(crc32(0, (const unsigned char *)type, bytes + 4),
                          u32_at(type + 4 + bytes));
        if (memcmp(type, "IHDR", 4) == 0) {
            ck_assert(u32_at(type + 4) == width && u32_at(type + 8) == height);
        }
        if (memcmp(type, "IDAT", 4) == 0) {
            uLongf n = (uLongf)((row + 1) * height);
            ck_assert_int_eq(uncompress(back, &n, (const unsigned char *)type + 4, bytes), Z_OK);
            ck_assert_uint_eq(n, (row + 1) * height);
        }
        at += 12 + bytes;
    }
    ck_assert_int_eq(chunks, 3);
    for (uint32_t y = 0; y < height; y++) {
        ck_assert_int_eq(back[y * (row + 1)], 0);
        ck_assert_int_eq(memcmp(back + y * (row + 1) + 1, pixels + y * row, row), 0);
    }
}

START_TEST(png)
{
    check_png(28, 28, 1);
    check_png(1, 1, 1);
    check_png(13, 7, 3);
}
END_TEST

START_TEST(charts)
{
    static const ChartSeries series[] = {{"a<b", "#000", offsetof(CurvePoint, train_loss), false},
                                         {"test", "#111", offsetof(CurvePoint, test_loss), true}};
    static const double loss[][3] = {
        {2.5, 1.5, 0.5}, {0, 0, 0}, {1e-9, 1e9, (double)INFINITY}, {3, 3, 3}};
    for (size_t k = 0; k < sizeof loss / sizeof loss[0]; k++) {
        for (uint32_t points = 0; points <= 3; points++) {
            Curves c = {0};
            for (uint32_t i = 0; i < points; i++) {
                CurvePoint p = {.epoch = i + 1, .train_loss = loss[k][i], .test_loss = -1};
                VEC_PUSH(arena, &c.points, p);
            }
            StrBuf svg = {.arena = arena};
            chart_svg(&(Chart){"Loss & more", series, 2, false}, &c, &svg);
            ck_assert_int_eq(count(strbuf_text(&svg), "<polyline"), 2);
            ck_assert(strstr(strbuf_text(&svg), "Loss &amp; more"));
            ck_assert_int_eq(count(strbuf_text(&svg), "a&lt;b"), points > 0);
            ck_assert(!strstr(strbuf_text(&svg), "nan") && !strstr(strbuf_text(&svg), "inf"));
        }
    }
}
END_TEST

#define PICTURES 40

START_TEST(mistakes)
{
    static const char *const names[] = {"cat", "dog <b>", "owl"};
    static float values[PICTURES * 2 * 2];
    static uint32_t labels[PICTURES];
    static Prediction said[PICTURES];
    for (uint32_t i = 0; i < PICTURES; i++) {
        labels[i] = i % 3;
        values[4 * i] = (float)i;
        said[i] = (Prediction){.label = i % 3,
                               .predicted = i < 30 ? (i + 1) % 3 : i % 3,
                               .probability = 0.5f,
                               .loss = (float)(i * 7 % 30)};
    }
    const RnDataset set = {.count = PICTURES,
                           .channels = 1,
                           .height = 2,
                           .width = 2,
                           .values = values,
                           .labels = labels,
                           .classes = 3,
                           .class_names = names};
    StrBuf page = {.arena = arena};
    ck_assert_int_eq(mistakes_add(&set, NULL, said, 3, &page), EXIT_OK);
    const char *text = strbuf_text(&page);
    ck_assert_int_eq(count(text, "<figure>"), 24);
    ck_assert_int_eq(count(text, "data:image/png;base64,"), 24);
    ck_assert(strstr(text, "dog &lt;b&gt;") && !strstr(text, "dog <b>"));
    // the largest loss of 0..29: 7 * 17 = 119 = 29 mod 30
    const char *first = strstr(text, "no. ");
    ck_assert_int_eq(strncmp(first, "no. 17<", 7), 0);
    ck_assert_int_eq(count(text, ",0.000)"), 0);
    StrBuf many = {.arena = arena};
    ck_assert_int_eq(mistakes_add(&set, NULL, said, 1000, &many), EXIT_OK);
    ck_assert(
        strstr(strbuf_text(&many), "<td>cat</td><td>dog &lt;b&gt;</td><td class=\"n\">10</td>"));
    for (uint32_t i = 0; i < PICTURES; i++) {
        said[i].predicted = said[i].label;
    }
    StrBuf none = {.arena = arena};
    ck_assert_int_eq(mistakes_add(&set, NULL, said, 3, &none), EXIT_OK);
    ck_assert_ptr_null(strstr(strbuf_text(&none), "<figure>"));
}
END_TEST

// The page shows the one picture of two pixels, in colour.
static bool shows(const float values[6], const RnPreprocess *stated, const uint8_t pixels[6])
{
    const uint32_t label = 0;
    const Prediction said = {.label = 0, .predicted = 1, .probability = 1, .loss = 2};
    const RnDataset set = {.count = 1,
                           .channels = 3,
                           .height = 1,
                           .width = 2,
                           .values = values,
                           .labels = &label,
                           .classes = 2};
    StrBuf page = {.arena = arena}, png = {.arena = arena}, want = {.arena = arena};
    ck_assert_int_eq(mistakes_add(&set, stated, &said, 2, &page), EXIT_OK);
    ck_assert(png_encode(pixels, 2, 1, 3, &png));
    base64_add(&want, png.text, png.count);
    return strstr(strbuf_text(&page), strbuf_text(&want)) != NULL;
}

START_TEST(mistakes_look_as_they_did)
{
    static const RnPreprocess stated = {
        .normalize = 1, .mean = {0.5, 0.25, 0.125}, .std = {0.25, 0.5, 0.2}};
    static const uint8_t pixels[6] = {0, 10, 255, 20, 255, 128}; // of two pixels, red to blue
    float bright[6], normal[6];
    for (int c = 0; c < 3; c++) {
        for (int i = 0; i < 2; i++) {
            bright[2 * c + i] = (float)pixels[3 * i + c] / 255.0f;
            normal[2 * c + i] = (bright[2 * c + i] - (float)stated.mean[c]) / (float)stated.std[c];
        }
    }
    ck_assert(shows(bright, NULL, pixels));
    ck_assert(shows(normal, &stated, pixels));
    ck_assert(!shows(normal, NULL, pixels));
    static const uint8_t stretched[6] = {0, 255, 51, 153, 102, 204};
    static const float wide[6] = {-1, 2, 4, 1, 0, 3};
    ck_assert(shows(wide, NULL, stretched));
    static const float odd[6] = {0, NAN, 1, 0, 0, 0};
    ck_assert(shows(odd, NULL, (const uint8_t[6]){0, 255, 0, 0, 0, 0}));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("report");
    TCase *tc = tcase_create("parts");
    tcase_set_timeout(tc, 120);
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, base64);
    tcase_add_test(tc, png);
    tcase_add_test(tc, charts);
    tcase_add_test(tc, mistakes);
    tcase_add_test(tc, mistakes_look_as_they_did);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
