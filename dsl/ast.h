// ast.h: the tree of a source text. It says what was written and where, and nothing else.
// Not here: what names mean, what values are (front).
#ifndef DSL_AST_H
#define DSL_AST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/intern.h"
#include "base/source.h"
#include "base/strbuf.h"
#include "base/vec.h"

/// No tree is deeper, counting statements and expressions together, so walkers may recurse.
enum { AST_MAX_DEPTH = 256 };

typedef struct AstExpr AstExpr;
typedef struct Stmt Stmt;
typedef struct Call Call;
typedef VEC(AstExpr *) AstExprList;
typedef VEC(Stmt *) StmtList;

/// A name as written. The text is interned, so names compare by pointer.
typedef struct Name {
    const char *text;
    SrcRange range;
} Name;

/// An argument, or a parameter of a block: `value`, `name=value` or (parameters) `name`.
typedef struct Arg {
    Name name;      // text NULL: positional
    AstExpr *value; // NULL: a parameter without default
    SrcRange range;
} Arg;
typedef VEC(Arg) ArgList;

typedef enum AstExprKind {
    AST_ERROR, // what could not be read; already reported
    AST_NONE,
    AST_BOOL,
    AST_INT,
    AST_FLOAT,
    AST_STRING,
    AST_SIZE, // 3x3
    AST_NAME,
    AST_LIST,
    AST_UNARY,
    AST_BINARY,
    AST_CHOICE, // a if condition else b
    AST_CALL,
    AST_INDEX, // a[i]
    AST_FIELD, // x.c
} AstExprKind;

typedef enum AstOp {
    AST_OP_NEGATE,
    AST_OP_NOT,
    AST_OP_OR,
    AST_OP_AND,
    AST_OP_EQ,
    AST_OP_NE,
    AST_OP_LT,
    AST_OP_LE,
    AST_OP_GT,
    AST_OP_GE,
    AST_OP_RANGE,
    AST_OP_ADD,
    AST_OP_SUB,
    AST_OP_MUL,
    AST_OP_DIV,
    AST_OP_MOD,
} AstOp;

struct AstExpr {
    AstExprKind kind;
    uint32_t depth; // of the tree below, itself included
    SrcRange range;
    union {
        bool truth;
        int64_t integer;
        double real;
        const char *text; // STRING, NAME
        struct {
            int64_t rows, columns;
        } size;
        AstExprList list;
        struct {
            AstOp op;
            AstExpr *left, *right; // UNARY: left only
        } operation;
        struct {
            AstExpr *condition, *yes, *no;
        } choice;
        Call *call;
        struct {
            AstExpr *of, *at;
        } index;
        struct {
            AstExpr *of;
            Name name;
        } field;
    } u;
};

struct Call {
    Name name;
    ArgList args;
    SrcRange range;
};

typedef enum StmtKind {
    STMT_ERROR, // what could not be read; already reported
    STMT_INCLUDE,
    STMT_PARAM,
    STMT_BLOCK,
    STMT_MODEL,
    STMT_INPUT,
    STMT_OUTPUT,
    STMT_ASSERT,
    STMT_CALL,
    STMT_ASSIGN,
    STMT_LABEL,
    STMT_GROUP,
    STMT_REPEAT,
    STMT_FOR,
    STMT_IF,
} StmtKind;

/// What stands before the colon: `conv1`, `se.fc1`, "any text", or [expression].
typedef struct Label {
    const char *text; // NULL: computed
    AstExpr *computed;
    SrcRange range;
} Label;

struct Stmt {
    StmtKind kind;
    uint32_t depth;
    SrcRange range;
    Name name; // PARAM, BLOCK, MODEL, INPUT, ASSIGN, FOR; OUTPUT: text NULL if none given
    AstExpr
        *value; // PARAM, ASSIGN; OUTPUT (or NULL), ASSERT; REPEAT: count; FOR: list; IF: condition
    StmtList body; // BLOCK, MODEL, GROUP, REPEAT, FOR, IF; INPUT: what is stated about its pictures
    union {
        const char *path;    // INCLUDE
        const char *message; // ASSERT: NULL if none given
        ArgList params;      // BLOCK
        AstExprList dims;    // INPUT
        Call *call;          // CALL
        Stmt *otherwise;     // IF: NULL, or a GROUP or an IF
        struct {
            Label label;
            Stmt *stmt;
        } labelled; // LABEL
    } u;
};

typedef struct AstFile {
    uint32_t file; // its number in the SourceSet
    bool broken;   // the text ended early: there was more to say than the tree holds
    StmtList body;
} AstFile;

/// Prints the tree back in the one canonical way: parsing that gives an equal tree.
void ast_print_file(const AstFile *file, StrBuf *out);
void ast_print_stmt(const Stmt *s, int indent, StrBuf *out);
void ast_print_expr(const AstExpr *e, StrBuf *out);
void ast_print_call(const Call *call, StrBuf *out);

/// Whether two trees say the same, wherever they stand. Both must share one Intern.
bool ast_equal(const AstFile *a, const AstFile *b);

#endif
