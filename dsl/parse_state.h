// parse_state.h: what lexer, parser and tree builder share. Private to dsl/.
#ifndef DSL_PARSE_STATE_H
#define DSL_PARSE_STATE_H

#include "dsl/parse.h"

union DSL_YSTYPE; // a token's value, parser.y

/// One parse. `yyscanner` is flex's own state.
typedef struct Parse {
    Arena *arena;
    Intern *names;
    Diag *diag;
    const SourceFile *source;
    AstFile *result;
    void *yyscanner;
    uint32_t file, at; // number; the byte the lexer stands at
    uint32_t open;     // ( and [ not yet closed: newlines mean nothing inside
    uint32_t braces;   // { not yet closed, the first of them at brace_at
    SrcRange brace_at[AST_MAX_DEPTH];
    int last_kind; // of the token handed out last
    bool has_pending;
    int pending_kind; // read ahead, not yet handed out
    SrcRange pending_at;
    union DSL_YSTYPE *pending_value;
    bool deep_reported;  // the nesting limit is reported once
    bool brace_reported; // so is a { that is never closed
} Parse;

// lexer.l
bool dsl_scan_start(Parse *p, const char *text, size_t bytes);
void dsl_scan_stop(Parse *p);
int dsl_scan(union DSL_YSTYPE *value, SrcRange *at, void *scanner);

Loc parse_loc(SrcRange range);

// Constructors (ast_build.c). They set range and depth, and give an ERROR node past the depth
// limit.
AstExpr *ast_new_expr(Parse *p, AstExprKind kind, SrcRange range);
AstExpr *ast_new_int(Parse *p, SrcRange range, int64_t value);
AstExpr *ast_new_float(Parse *p, SrcRange range, double value);
AstExpr *ast_new_bool(Parse *p, SrcRange range, bool value);
AstExpr *ast_new_text(Parse *p, AstExprKind kind, SrcRange range, const char *text);
AstExpr *ast_new_size(Parse *p, SrcRange range, int64_t rows, int64_t columns);
AstExpr *ast_new_list(Parse *p, SrcRange range, AstExprList list);
AstExpr *ast_new_unary(Parse *p, SrcRange range, AstOp op, AstExpr *operand);
AstExpr *ast_new_binary(Parse *p, SrcRange range, AstOp op, AstExpr *left, AstExpr *right);
AstExpr *ast_new_choice(Parse *p, SrcRange range, AstExpr *condition, AstExpr *yes, AstExpr *no);
AstExpr *ast_new_call_expr(Parse *p, Call *call);
AstExpr *ast_new_index(Parse *p, SrcRange range, AstExpr *of, AstExpr *at);
AstExpr *ast_new_field(Parse *p, SrcRange range, AstExpr *of, Name name);
Call *ast_new_call(Parse *p, SrcRange range, Name name, ArgList args);

Stmt *ast_new_stmt(Parse *p, StmtKind kind, SrcRange range);
Stmt *ast_new_named(Parse *p, StmtKind kind, SrcRange range, Name name, AstExpr *value);
Stmt *ast_new_compound(Parse *p, StmtKind kind, SrcRange range, Name name, AstExpr *value,
                       StmtList body);
Stmt *ast_new_if(Parse *p, SrcRange range, AstExpr *condition, StmtList body, Stmt *otherwise);
Stmt *ast_new_block(Parse *p, SrcRange range, Name name, ArgList params, StmtList body);
Stmt *ast_new_input(Parse *p, SrcRange range, Name name, AstExprList dims, StmtList steps);
Stmt *ast_new_call_stmt(Parse *p, Call *call);
Stmt *ast_new_label(Parse *p, SrcRange range, Label label, Stmt *stmt);

#endif
