// conv_errors.c: prints, reads and compares the table of rounding errors.
#include "cpu/conv_errors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/strbuf.h"
#include "support/check_main.h"

#define ERRORS_PAGE "docs/kernels.md"
#define ERRORS_BEGIN "| operator | channels | picture |"

// A column is for stride 2 too, whose kernels have s2_ in their names.
static const char *const error_columns[ERROR_COLUMNS] = {
    "direct",       "winograd_2x2", "winograd_2x4", "winograd_3x3",
    "winograd_4x4", "winograd_5x5", "winograd_6x6"};

ErrorRow *error_table_add(ErrorTable *t, const char *op, int64_t channels, int64_t picture)
{
    ck_assert_int_lt(t->count, ERROR_ROWS);
    ErrorRow *row = &t->row[t->count++];
    *row = (ErrorRow){.op = op, .channels = channels, .picture = picture};
    return row;
}

void error_row_add(ErrorRow *row, const char *kernel, double error)
{
    const char *tile = strstr(kernel, "_s2_");
    char name[32];
    snprintf(name, sizeof name, "%s%s", tile ? "winograd_" : kernel, tile ? tile + 4 : "");
    for (int i = 0; i < ERROR_COLUMNS; i++) {
        if (strncmp(name, error_columns[i], strlen(error_columns[i])) == 0) {
            row->error[i] = error;
        }
    }
}

static void error_table_print(const ErrorTable *t, StrBuf *out)
{
    strbuf_add(out, ERRORS_BEGIN);
    for (int i = 0; i < ERROR_COLUMNS; i++) {
        strbuf_printf(out, " %s |", error_columns[i]);
    }
    strbuf_add(out, "\n|---|---|---|---|---|---|---|---|---|---|\n");
    for (int r = 0; r < t->count; r++) {
        const ErrorRow *row = &t->row[r];
        strbuf_printf(out, "| %s | %d | %dx%d |", row->op, (int)row->channels, (int)row->picture,
                      (int)row->picture);
        for (int i = 0; i < ERROR_COLUMNS; i++) {
            strbuf_printf(out, row->error[i] > 0 ? " %.2g |" : " - |", row->error[i]);
        }
        strbuf_add(out, "\n");
    }
}

// The table stands at the end of the page.
static void error_table_bless(const ErrorTable *t, Arena *a, const char *page)
{
    const char *error = NULL, *begin = strstr(page, ERRORS_BEGIN);
    StrBuf made = {.arena = a};
    strbuf_printf(&made, "%.*s", (int)(begin - page), page);
    error_table_print(t, &made);
    ck_assert_msg(file_write(a, ERRORS_PAGE, strbuf_text(&made), made.count, &error), "%s", error);
}

// Reads a row of the page behind the table's head and compares: within a third, since the order of
// sums follows from the plan.
static const char *error_row_check(const ErrorRow *row, const char *text)
{
    char head[64];
    int length = snprintf(head, sizeof head, "| %s | %d | %dx%d |", row->op, (int)row->channels,
                          (int)row->picture, (int)row->picture);
    ck_assert_msg(strncmp(text, head, (size_t)length) == 0, ERRORS_PAGE ": not %s: %.60s", head,
                  text);
    text += length;
    for (int i = 0; i < ERROR_COLUMNS; i++) {
        double said = strncmp(text, " - |", 4) == 0 ? 0 : strtod(text, NULL), got = row->error[i];
        ck_assert_msg(fabs(said - got) <= said / 3, ERRORS_PAGE ": %s %s errs by %.2g", head,
                      error_columns[i], got);
        text = strchr(text, '|');
        ck_assert_ptr_nonnull(text);
        text++;
    }
    ck_assert_msg(*text == '\n', ERRORS_PAGE ": behind %s %.60s", head, text);
    return text + 1;
}

void error_table_check(const ErrorTable *t)
{
    Arena *a = arena_create();
    const char *error = NULL;
    size_t bytes = 0;
    const char *page = file_read(a, ERRORS_PAGE, 1 << 20, &bytes, &error);
    ck_assert_msg(page && strstr(page, ERRORS_BEGIN), ERRORS_PAGE ": no table");
    if (getenv("RN_BLESS")) {
        error_table_bless(t, a, page);
        page = file_read(a, ERRORS_PAGE, 1 << 20, &bytes, &error);
    }
    const char *text = strstr(page, ERRORS_BEGIN);
    for (int i = 0; i < 2; i++) {
        text = strchr(text, '\n') + 1;
    }
    for (int i = 0; i < t->count; i++) {
        text = error_row_check(&t->row[i], text);
    }
    ck_assert_msg(*text == '\0', ERRORS_PAGE ": behind the table: %.60s", text);
    arena_destroy(a);
}
