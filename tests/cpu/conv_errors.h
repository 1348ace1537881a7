// conv_errors.h: the table of rounding errors in docs/kernels.md, for test_winograd.c alone. After
// a change of an algorithm run test_winograd with RN_BLESS=1 and read the difference.
#ifndef CONV_ERRORS_H
#define CONV_ERRORS_H

#include <stdint.h>

enum { ERROR_COLUMNS = 7, ERROR_ROWS = 24 };

typedef struct ErrorRow {
    const char *op;
    int64_t channels, picture;
    double error[ERROR_COLUMNS]; // 0: none
} ErrorRow;

typedef struct ErrorTable {
    ErrorRow row[ERROR_ROWS];
    int count;
} ErrorTable;

ErrorRow *error_table_add(ErrorTable *t, const char *op, int64_t channels, int64_t picture);
void error_row_add(ErrorRow *row, const char *kernel, double error);
// Fails where the page says something else; RN_BLESS writes it anew.
void error_table_check(const ErrorTable *t);

#endif
