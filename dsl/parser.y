/* parser.y: tokens to the tree of ast.h, with error recovery at every statement.
   Not here: characters (lexer.l), node constructors (ast_build.c), what names mean (front). */
%require "3.8"
%define api.pure full
%define api.prefix {dsl_y}
%define api.token.prefix {TOK_}
%define api.location.type {SrcRange}
%define parse.error custom
%define parse.lac full
%define lr.default-reduction consistent
%locations
%parse-param {Parse *p}
%lex-param {Parse *p}

%code requires {
#include "dsl/parse_state.h"
}
%code provides {
/// Hands out the next token (tokens.c).
int dsl_ylex(DSL_YSTYPE *value, DSL_YLTYPE *at, Parse *p);
}

%union {
    Name name;
    const char *text;
    int64_t integer, size[2];
    double real;
    AstOp op;
    AstExpr *expr;
    AstExprList exprs;
    Arg arg;
    ArgList args;
    Call *call;
    Label label;
    Stmt *stmt;
    StmtList stmts;
}

%code {
#include <string.h>

#define YYMAXDEPTH 20000
#define YYLLOC_DEFAULT(Current, Rhs, N)                                                            \
    ((Current) = (N) ? src_join(YYRHSLOC(Rhs, 1), YYRHSLOC(Rhs, N))                                \
                     : (SrcRange){YYRHSLOC(Rhs, 0).file, YYRHSLOC(Rhs, 0).end,                     \
                                  YYRHSLOC(Rhs, 0).end})

static void dsl_yerror(const DSL_YLTYPE *at, Parse *p, const char *text);
}

%token END 0 "the end of the file"
%token NEWLINE "a newline" /* only between lexer and dsl_ylex */
%token SEP "the end of the line"
%token INCLUDE "include" PARAM "param" BLOCK "block" MODEL "model" INPUT "input" OUTPUT "output"
%token ASSERT "assert" REPEAT "repeat" FOR "for" IN "in" IF "if" ELSE "else" AND "and" OR "or"
%token NOT "not" TRUE "true" FALSE "false" NONE "none"
%token EQ "==" NE "!=" LE "<=" GE ">=" DOTS ".."
%token <name> NAME "a name"
%token <integer> INT "an integer"
%token <real> FLOAT "a number"
%token <size> SIZE "a size"
%token <text> STRING "a text"

%type <stmts> lines body
%type <stmt> line stmt simple compound else
%type <expr> expr disjunction conjunction negation comparison range sum term factor postfix primary
%type <exprs> exprs exprs1
%type <args> args args1 params params1
%type <arg> arg param
%type <call> call
%type <label> label
%type <text> dotted part message
%type <op> relation

%start file

%%
file: lines                 { p->result->body = $lines; };

lines: %empty               { $$ = (StmtList){0}; }
    | lines[list] line      { $$ = $list; if ($line) VEC_PUSH(p->arena, &$$, $line); };

line: SEP                   { $$ = NULL; }
    | stmt SEP              { $$ = $stmt; }
    | error skipped SEP     { $$ = ast_new_stmt(p, STMT_ERROR, @error); yyerrok; };

/* A body behind what cannot be read still has its statements checked for syntax. */
skipped: %empty | body      { (void)$body; };

body: '{' lines '}'         { $$ = $lines; }
    | '{' lines stmt '}'    { $$ = $lines; VEC_PUSH(p->arena, &$$, $stmt); }
    | '{' lines error skipped '}' {
        $$ = $lines;
        VEC_PUSH(p->arena, &$$, ast_new_stmt(p, STMT_ERROR, @error));
        yyerrok;
    };

stmt: simple | compound
    | label ':' stmt[inner] { $$ = ast_new_label(p, @$, $label, $inner); }
    | INPUT NAME '[' exprs ']' ':' stmt[step] {
        StmtList steps = {0};
        VEC_PUSH(p->arena, &steps, $step);
        $$ = ast_new_input(p, src_join(@INPUT, @5), $NAME, $exprs, steps);
    };

simple: INCLUDE STRING      { $$ = ast_new_stmt(p, STMT_INCLUDE, @$); $$->u.path = $STRING; }
    | PARAM NAME '=' expr   { $$ = ast_new_named(p, STMT_PARAM, @$, $NAME, $expr); }
    | PARAM NAME '=' error skipped {
        $$ = ast_new_named(p, STMT_PARAM, @$, $NAME, ast_new_expr(p, AST_ERROR, @error));
        yyerrok;
    }
    | INPUT NAME '[' exprs ']'  { $$ = ast_new_input(p, @$, $NAME, $exprs, (StmtList){0}); }
    | OUTPUT                { $$ = ast_new_stmt(p, STMT_OUTPUT, @$); }
    | OUTPUT expr           { $$ = ast_new_named(p, STMT_OUTPUT, @$, (Name){0}, $expr); }
    | OUTPUT NAME '=' expr  { $$ = ast_new_named(p, STMT_OUTPUT, @$, $NAME, $expr); }
    | ASSERT expr message   {
        $$ = ast_new_named(p, STMT_ASSERT, @$, (Name){0}, $expr);
        $$->u.message = $message;
    }
    | NAME                  { $$ = ast_new_call_stmt(p, ast_new_call(p, @$, $NAME, (ArgList){0})); }
    | call                  { $$ = ast_new_call_stmt(p, $call); }
    | NAME '=' expr         { $$ = ast_new_named(p, STMT_ASSIGN, @$, $NAME, $expr); }
    | NAME '=' error skipped {
        $$ = ast_new_named(p, STMT_ASSIGN, @$, $NAME, ast_new_expr(p, AST_ERROR, @error));
        yyerrok;
    };

message: %empty             { $$ = NULL; }
    | ',' STRING            { $$ = $STRING; };

compound: body              { $$ = ast_new_compound(p, STMT_GROUP, @$, (Name){0}, NULL, $body); }
    | BLOCK NAME '(' params ')' body {
        $$ = ast_new_block(p, src_join(@BLOCK, @5), $NAME, $params, $body);
    }
    | BLOCK NAME body       { $$ = ast_new_block(p, src_join(@BLOCK, @NAME), $NAME, (ArgList){0}, $body); }
    | BLOCK error skipped      { $$ = ast_new_stmt(p, STMT_ERROR, @$); yyerrok; }
    | MODEL NAME body       {
        $$ = ast_new_compound(p, STMT_MODEL, src_join(@MODEL, @NAME), $NAME, NULL, $body);
    }
    | MODEL error skipped      { $$ = ast_new_stmt(p, STMT_ERROR, @$); yyerrok; }
    | REPEAT expr body      {
        $$ = ast_new_compound(p, STMT_REPEAT, src_join(@REPEAT, @expr), (Name){0}, $expr, $body);
    }
    | REPEAT error skipped     { $$ = ast_new_stmt(p, STMT_ERROR, @$); yyerrok; }
    | FOR NAME IN expr body {
        $$ = ast_new_compound(p, STMT_FOR, src_join(@FOR, @expr), $NAME, $expr, $body);
    }
    | FOR error skipped        { $$ = ast_new_stmt(p, STMT_ERROR, @$); yyerrok; }
    | IF expr body else     { $$ = ast_new_if(p, src_join(@IF, @expr), $expr, $body, $else); }
    | IF error skipped else    { $$ = ast_new_stmt(p, STMT_ERROR, @$); yyerrok; };

else: %empty                { $$ = NULL; }
    | ELSE body             { $$ = ast_new_compound(p, STMT_GROUP, @$, (Name){0}, NULL, $body); }
    | ELSE IF expr body else[rest] { $$ = ast_new_if(p, src_join(@IF, @expr), $expr, $body, $rest); }
    | ELSE IF error skipped else  { $$ = ast_new_stmt(p, STMT_ERROR, @$); yyerrok; };

label: dotted               { $$ = (Label){.text = $dotted, .range = @$}; }
    | STRING                { $$ = (Label){.text = $STRING, .range = @$}; }
    | '[' expr ']'          { $$ = (Label){.computed = $expr, .range = @$}; };

dotted: NAME                { $$ = $NAME.text; }
    | dotted[left] '.' part {
        $$ = intern_str(p->names, arena_printf(p->arena, "%s.%s", $left, $part));
    };

part: NAME                  { $$ = $NAME.text; }
    | INT                   { $$ = arena_printf(p->arena, "%lld", (long long)$INT); };

params: %empty              { $$ = (ArgList){0}; }
    | params1
    | params1 ',';

params1: param              { $$ = (ArgList){0}; VEC_PUSH(p->arena, &$$, $param); }
    | params1[list] ',' param { $$ = $list; VEC_PUSH(p->arena, &$$, $param); };

param: NAME                 { $$ = (Arg){$NAME, NULL, @$}; }
    | NAME '=' expr         { $$ = (Arg){$NAME, $expr, @$}; };

call: NAME '(' args ')'     { $$ = ast_new_call(p, @$, $NAME, $args); };

args: %empty                { $$ = (ArgList){0}; }
    | args1
    | args1 ',';

args1: arg                  { $$ = (ArgList){0}; VEC_PUSH(p->arena, &$$, $arg); }
    | args1[list] ',' arg   { $$ = $list; VEC_PUSH(p->arena, &$$, $arg); };

arg: expr                   { $$ = (Arg){{0}, $expr, @$}; }
    | NAME '=' expr         { $$ = (Arg){$NAME, $expr, @$}; };

exprs: %empty               { $$ = (AstExprList){0}; }
    | exprs1
    | exprs1 ',';

exprs1: expr                { $$ = (AstExprList){0}; VEC_PUSH(p->arena, &$$, $expr); }
    | exprs1[list] ',' expr { $$ = $list; VEC_PUSH(p->arena, &$$, $expr); };

expr: disjunction
    | disjunction[yes] IF disjunction[condition] ELSE expr[no] {
        $$ = ast_new_choice(p, @$, $condition, $yes, $no);
    };

disjunction: conjunction
    | disjunction[a] OR conjunction[b]  { $$ = ast_new_binary(p, @$, AST_OP_OR, $a, $b); };

conjunction: negation
    | conjunction[a] AND negation[b]    { $$ = ast_new_binary(p, @$, AST_OP_AND, $a, $b); };

negation: comparison
    | NOT negation[a]                   { $$ = ast_new_unary(p, @$, AST_OP_NOT, $a); };

comparison: range
    | range[a] relation range[b]        { $$ = ast_new_binary(p, @$, $relation, $a, $b); };

relation: EQ { $$ = AST_OP_EQ; } | NE { $$ = AST_OP_NE; } | '<' { $$ = AST_OP_LT; }
    | LE { $$ = AST_OP_LE; } | '>' { $$ = AST_OP_GT; } | GE { $$ = AST_OP_GE; };

range: sum
    | sum[a] DOTS sum[b]                { $$ = ast_new_binary(p, @$, AST_OP_RANGE, $a, $b); };

sum: term
    | sum[a] '+' term[b]                { $$ = ast_new_binary(p, @$, AST_OP_ADD, $a, $b); }
    | sum[a] '-' term[b]                { $$ = ast_new_binary(p, @$, AST_OP_SUB, $a, $b); };

term: factor
    | term[a] '*' factor[b]             { $$ = ast_new_binary(p, @$, AST_OP_MUL, $a, $b); }
    | term[a] '/' factor[b]             { $$ = ast_new_binary(p, @$, AST_OP_DIV, $a, $b); }
    | term[a] '%' factor[b]             { $$ = ast_new_binary(p, @$, AST_OP_MOD, $a, $b); };

factor: postfix
    | '-' factor[a]                     { $$ = ast_new_unary(p, @$, AST_OP_NEGATE, $a); };

postfix: primary
    | postfix[of] '[' expr[at] ']'      { $$ = ast_new_index(p, @$, $of, $at); }
    | postfix[of] '.' NAME              { $$ = ast_new_field(p, @$, $of, $NAME); };

primary: INT                { $$ = ast_new_int(p, @$, $INT); }
    | FLOAT                 { $$ = ast_new_float(p, @$, $FLOAT); }
    | STRING                { $$ = ast_new_text(p, AST_STRING, @$, $STRING); }
    | SIZE                  { $$ = ast_new_size(p, @$, $SIZE[0], $SIZE[1]); }
    | TRUE                  { $$ = ast_new_bool(p, @$, true); }
    | FALSE                 { $$ = ast_new_bool(p, @$, false); }
    | NONE                  { $$ = ast_new_expr(p, AST_NONE, @$); }
    | NAME                  { $$ = ast_new_text(p, AST_NAME, @$, $NAME.text); }
    | call                  { $$ = ast_new_call_expr(p, $call); }
    | '[' exprs ']'         { $$ = ast_new_list(p, @$, $exprs); }
    | '(' expr ')'          { $$ = $expr; };
%%

enum { MAX_EXPECTED = 5 };

static void dsl_yerror(const DSL_YLTYPE *at, Parse *p, const char *text)
{
    // Bison itself says only "memory exhausted", when its stack passes YYMAXDEPTH.
    (void)text;
    if (!p->deep_reported)
        (void)diag_error(p->diag, parse_loc(*at), "nested more than %d levels deep", AST_MAX_DEPTH);
    p->deep_reported = true;
}

// What was found, quoted if it is a sign or a word of the text.
static const char *found_text(Parse *p, yysymbol_kind_t token, SrcRange at)
{
    if (token == YYSYMBOL_SEP || token == YYSYMBOL_YYEOF || at.end <= at.begin)
        return yysymbol_name(token);
    int shown = at.end - at.begin > 40 ? 40 : (int)(at.end - at.begin);
    return arena_printf(p->arena, "`%.*s`", shown, p->source->text + at.begin);
}

static void add_expected(StrBuf *b, int *count, const char *name)
{
    bool is_quoted = name[0] == '\'';
    bool is_phrase = strchr(name, ' ') != NULL;
    int length = (int)strlen(name) - (is_quoted ? 2 : 0);
    strbuf_add(b, *count ? " or " : "");
    strbuf_printf(b, is_phrase ? "%.*s" : "`%.*s`", length, name + (is_quoted ? 1 : 0));
    ++*count;
}

static bool ends_phrase(yysymbol_kind_t token)
{
    static const char *const NAMES[] = {"the end of the line", "','", "')'", "']'", "'{'"};
    for (size_t i = 0; i < sizeof NAMES / sizeof NAMES[0]; i++)
        if (strcmp(yysymbol_name(token), NAMES[i]) == 0)
            return true;
    return false;
}

// Writes what was expected as "a or b", a dozen possible tokens as the one word that they begin.
// Returns how many there are to name.
static int list_expected(const yypcontext_t *context, bool *after_value, StrBuf *out)
{
    yysymbol_kind_t expected[YYNTOKENS];
    int total = yypcontext_expected_tokens(context, expected, YYNTOKENS);
    bool has[YYNTOKENS] = {false};
    for (int i = 0; i < total; i++)
        has[expected[i]] = true;
    int count = 0;
    *after_value = has[YYSYMBOL_EQ];
    if (has[YYSYMBOL_REPEAT]) {
        add_expected(out, &count, "a statement");
        return count;
    }
    if (has[YYSYMBOL_INT] && has[YYSYMBOL_FLOAT])
        add_expected(out, &count, "a value");
    bool only_ends = count || *after_value || has[YYSYMBOL_SEP];
    for (int i = 0; i < total; i++) {
        bool is_brace = has[YYSYMBOL_SEP] && yysymbol_name(expected[i])[1] == '{';
        if (!only_ends || (ends_phrase(expected[i]) && !is_brace))
            add_expected(out, &count, yysymbol_name(expected[i]));
    }
    return count;
}

static int yyreport_syntax_error(const yypcontext_t *context, Parse *p)
{
    SrcRange at = *yypcontext_location(context);
    yysymbol_kind_t token = yypcontext_token(context);
    const char *found = found_text(p, token, at);
    StrBuf expected = {.arena = p->arena};
    bool after_value = false;
    int count = list_expected(context, &after_value, &expected);
    DiagItem *item;
    if (count > 0 && count <= MAX_EXPECTED)
        item = diag_error(p->diag, parse_loc(at), "expected %s, found %s", strbuf_text(&expected),
                          found);
    else
        item = diag_error(p->diag, parse_loc(at), "unexpected %s", found);
    if (after_value && strcmp(found, "`=`") == 0)
        diag_help(p->diag, item, "equality is tested with ==");
    return 0;
}
