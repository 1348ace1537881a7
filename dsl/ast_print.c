// ast_print.c: prints a tree back as text, in the one canonical way.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dsl/ast.h"

// How tightly an expression binds; a child that binds less than its place asks for gets
// parentheses.
typedef enum Binding {
    BIND_CHOICE,
    BIND_OR,
    BIND_AND,
    BIND_NOT,
    BIND_COMPARE,
    BIND_RANGE,
    BIND_SUM,
    BIND_TERM,
    BIND_NEGATE,
    BIND_POSTFIX,
    BIND_PRIMARY,
} Binding;

typedef struct OpText {
    const char *text;
    Binding binding, left, right; // of itself, and what its operands need
} OpText;

static const OpText OPS[] = {
    [AST_OP_NEGATE] = {"-", BIND_NEGATE, BIND_NEGATE, BIND_NEGATE},
    [AST_OP_NOT] = {"not ", BIND_NOT, BIND_NOT, BIND_NOT},
    [AST_OP_OR] = {" or ", BIND_OR, BIND_OR, BIND_AND},
    [AST_OP_AND] = {" and ", BIND_AND, BIND_AND, BIND_NOT},
    [AST_OP_EQ] = {" == ", BIND_COMPARE, BIND_RANGE, BIND_RANGE},
    [AST_OP_NE] = {" != ", BIND_COMPARE, BIND_RANGE, BIND_RANGE},
    [AST_OP_LT] = {" < ", BIND_COMPARE, BIND_RANGE, BIND_RANGE},
    [AST_OP_LE] = {" <= ", BIND_COMPARE, BIND_RANGE, BIND_RANGE},
    [AST_OP_GT] = {" > ", BIND_COMPARE, BIND_RANGE, BIND_RANGE},
    [AST_OP_GE] = {" >= ", BIND_COMPARE, BIND_RANGE, BIND_RANGE},
    [AST_OP_RANGE] = {"..", BIND_RANGE, BIND_SUM, BIND_SUM},
    [AST_OP_ADD] = {" + ", BIND_SUM, BIND_SUM, BIND_TERM},
    [AST_OP_SUB] = {" - ", BIND_SUM, BIND_SUM, BIND_TERM},
    [AST_OP_MUL] = {" * ", BIND_TERM, BIND_TERM, BIND_NEGATE},
    [AST_OP_DIV] = {" / ", BIND_TERM, BIND_TERM, BIND_NEGATE},
    [AST_OP_MOD] = {" % ", BIND_TERM, BIND_TERM, BIND_NEGATE},
};

static Binding binding_of(const AstExpr *e)
{
    switch (e->kind) {
    case AST_CHOICE:
        return BIND_CHOICE;
    case AST_UNARY:
    case AST_BINARY:
        return OPS[e->u.operation.op].binding;
    case AST_INDEX:
    case AST_FIELD:
        return BIND_POSTFIX;
    case AST_ERROR:
    case AST_NONE:
    case AST_BOOL:
    case AST_INT:
    case AST_FLOAT:
    case AST_STRING:
    case AST_SIZE:
    case AST_NAME:
    case AST_LIST:
    case AST_CALL:
        return BIND_PRIMARY;
    }
    return BIND_PRIMARY;
}

static void print_at(const AstExpr *e, Binding needed, StrBuf *out)
{
    bool wrapped = binding_of(e) < needed;
    strbuf_add(out, wrapped ? "(" : "");
    ast_print_expr(e, out);
    strbuf_add(out, wrapped ? ")" : "");
}

static void print_string(const char *text, StrBuf *out)
{
    strbuf_add(out, "\"");
    for (const char *c = text; *c; c++) {
        if (*c == '\n' || *c == '\t') {
            strbuf_add(out, *c == '\n' ? "\\n" : "\\t");
        } else if (*c == '"' || *c == '\\') {
            strbuf_printf(out, "\\%c", *c);
        } else {
            strbuf_add_bytes(out, c, 1);
        }
    }
    strbuf_add(out, "\"");
}

// The shortest digits that read back as the same number, with a point or an exponent.
static void print_float(double x, StrBuf *out)
{
    char digits[40];
    for (int precision = 1; precision <= 17; precision++) {
        (void)snprintf(digits, sizeof digits, "%.*g", precision, x);
        if (strtod(digits, NULL) >= x && strtod(digits, NULL) <= x) {
            break;
        }
    }
    strbuf_add(out, digits);
    if (!strpbrk(digits, ".e")) {
        strbuf_add(out, ".0");
    }
}

static void print_exprs(const AstExprList *list, StrBuf *out)
{
    for (uint32_t i = 0; i < list->count; i++) {
        strbuf_add(out, i ? ", " : "");
        ast_print_expr(list->at[i], out);
    }
}

static void print_args(const ArgList *args, StrBuf *out)
{
    for (uint32_t i = 0; i < args->count; i++) {
        const Arg *arg = &args->at[i];
        strbuf_add(out, i ? ", " : "");
        strbuf_add(out, arg->name.text ? arg->name.text : "");
        strbuf_add(out, arg->name.text && arg->value ? "=" : "");
        if (arg->value) {
            ast_print_expr(arg->value, out);
        }
    }
}

void ast_print_call(const Call *call, StrBuf *out)
{
    strbuf_printf(out, "%s(", call->name.text);
    print_args(&call->args, out);
    strbuf_add(out, ")");
}

static void print_choice(const AstExpr *e, StrBuf *out)
{
    print_at(e->u.choice.yes, BIND_OR, out);
    strbuf_add(out, " if ");
    print_at(e->u.choice.condition, BIND_OR, out);
    strbuf_add(out, " else ");
    print_at(e->u.choice.no, BIND_CHOICE, out);
}

static void print_operation(const AstExpr *e, StrBuf *out)
{
    const OpText *op = &OPS[e->u.operation.op];
    if (e->kind == AST_BINARY) {
        print_at(e->u.operation.left, op->left, out);
    }
    strbuf_add(out, op->text);
    if (e->kind == AST_BINARY) {
        print_at(e->u.operation.right, op->right, out);
    } else {
        print_at(e->u.operation.left, op->left, out);
    }
}

void ast_print_expr(const AstExpr *e, StrBuf *out)
{
    switch (e->kind) {
    case AST_ERROR:
        strbuf_add(out, "<unreadable>");
        return;
    case AST_NONE:
        strbuf_add(out, "none");
        return;
    case AST_BOOL:
        strbuf_add(out, e->u.truth ? "true" : "false");
        return;
    case AST_INT:
        strbuf_printf(out, "%lld", (long long)e->u.integer);
        return;
    case AST_FLOAT:
        print_float(e->u.real, out);
        return;
    case AST_STRING:
        print_string(e->u.text, out);
        return;
    case AST_SIZE:
        strbuf_printf(out, "%lldx%lld", (long long)e->u.size.rows, (long long)e->u.size.columns);
        return;
    case AST_NAME:
        strbuf_add(out, e->u.text);
        return;
    case AST_LIST:
        strbuf_add(out, "[");
        print_exprs(&e->u.list, out);
        strbuf_add(out, "]");
        return;
    case AST_UNARY:
    case AST_BINARY:
        print_operation(e, out);
        return;
    case AST_CHOICE:
        print_choice(e, out);
        return;
    case AST_CALL:
        ast_print_call(e->u.call, out);
        return;
    case AST_INDEX:
        print_at(e->u.index.of, BIND_POSTFIX, out);
        strbuf_add(out, "[");
        ast_print_expr(e->u.index.at, out);
        strbuf_add(out, "]");
        return;
    case AST_FIELD:
        print_at(e->u.field.of, BIND_POSTFIX, out);
        strbuf_printf(out, ".%s", e->u.field.name.text);
        return;
    }
}

static bool is_keyword(const char *word, size_t n)
{
    static const char *const WORDS[] = {"include", "param",  "block", "model", "input", "output",
                                        "assert",  "repeat", "for",   "in",    "if",    "else",
                                        "and",     "or",     "not",   "true",  "false", "none"};
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
        if (strlen(WORDS[i]) == n && memcmp(WORDS[i], word, n) == 0) {
            return true;
        }
    }
    return false;
}

// Whether a label can stand without quotes: words joined by points, single numbers after the first.
static bool is_plain_label(const char *text)
{
    bool after_number = true;
    while (true) {
        size_t n = strcspn(text, ".");
        bool number = n && strspn(text, "0123456789") == n;
        if (n == 0 || (number && (after_number || (n > 1 && text[0] == '0') || n > 18))) {
            return false;
        }
        if (!number && (isdigit((unsigned char)text[0]) || is_keyword(text, n))) {
            return false;
        }
        for (size_t i = 0; i < n; i++) {
            if (!isalnum((unsigned char)text[i]) && text[i] != '_') {
                return false;
            }
        }
        if (!text[n]) {
            return true;
        }
        after_number = number;
        text += n + 1;
    }
}

static void print_label(const Label *label, StrBuf *out)
{
    if (label->computed) {
        strbuf_add(out, "[");
        ast_print_expr(label->computed, out);
        strbuf_add(out, "]");
    } else if (is_plain_label(label->text)) {
        strbuf_add(out, label->text);
    } else {
        print_string(label->text, out);
    }
    strbuf_add(out, ": ");
}

static void print_indent(int indent, StrBuf *out)
{
    for (int i = 0; i < indent; i++) {
        strbuf_add(out, "    ");
    }
}

static void print_body(const StmtList *body, int indent, StrBuf *out)
{
    strbuf_add(out, "{\n");
    for (uint32_t i = 0; i < body->count; i++) {
        print_indent(indent + 1, out);
        ast_print_stmt(body->at[i], indent + 1, out);
        strbuf_add(out, "\n");
    }
    print_indent(indent, out);
    strbuf_add(out, "}");
}

static void print_if(const Stmt *s, int indent, StrBuf *out)
{
    strbuf_add(out, "if ");
    ast_print_expr(s->value, out);
    strbuf_add(out, " ");
    print_body(&s->body, indent, out);
    if (!s->u.otherwise) {
        return;
    }
    strbuf_add(out, " else ");
    ast_print_stmt(s->u.otherwise, indent, out);
}

// keyword, name and value of statements that are no more than these
static void print_simple(const char *keyword, const Stmt *s, const char *between, StrBuf *out)
{
    strbuf_add(out, keyword);
    if (s->name.text) {
        strbuf_printf(out, " %s", s->name.text);
    }
    if (s->name.text && s->value) {
        strbuf_add(out, between);
    } else if (s->value) {
        strbuf_add(out, " ");
    }
    if (s->value) {
        ast_print_expr(s->value, out);
    }
}

static void print_compound(const Stmt *s, int indent, StrBuf *out)
{
    switch (s->kind) {
    case STMT_BLOCK:
        strbuf_printf(out, "block %s(", s->name.text);
        print_args(&s->u.params, out);
        strbuf_add(out, ") ");
        break;
    case STMT_MODEL:
        strbuf_printf(out, "model %s ", s->name.text);
        break;
    case STMT_REPEAT:
        print_simple("repeat", s, "", out);
        strbuf_add(out, " ");
        break;
    case STMT_FOR:
        print_simple("for", s, " in ", out);
        strbuf_add(out, " ");
        break;
    default: // a group
        break;
    }
    print_body(&s->body, indent, out);
}

void ast_print_stmt(const Stmt *s, int indent, StrBuf *out)
{
    switch (s->kind) {
    case STMT_ERROR:
        strbuf_add(out, "# unreadable");
        return;
    case STMT_INCLUDE:
        strbuf_add(out, "include ");
        print_string(s->u.path, out);
        return;
    case STMT_PARAM:
        print_simple("param", s, " = ", out);
        return;
    case STMT_INPUT:
        strbuf_printf(out, "input %s[", s->name.text);
        print_exprs(&s->u.dims, out);
        strbuf_add(out, s->body.count ? "]: " : "]");
        if (s->body.count) {
            ast_print_stmt(s->body.at[0], indent, out);
        }
        return;
    case STMT_OUTPUT:
        print_simple("output", s, " = ", out);
        return;
    case STMT_ASSERT:
        print_simple("assert", s, "", out);
        if (s->u.message) {
            strbuf_add(out, ", ");
            print_string(s->u.message, out);
        }
        return;
    case STMT_CALL:
        if (s->u.call->args.count) {
            ast_print_call(s->u.call, out);
        } else {
            strbuf_add(out, s->u.call->name.text);
        }
        return;
    case STMT_ASSIGN:
        strbuf_printf(out, "%s = ", s->name.text);
        ast_print_expr(s->value, out);
        return;
    case STMT_LABEL:
        print_label(&s->u.labelled.label, out);
        ast_print_stmt(s->u.labelled.stmt, indent, out);
        return;
    case STMT_IF:
        print_if(s, indent, out);
        return;
    case STMT_BLOCK:
    case STMT_MODEL:
    case STMT_GROUP:
    case STMT_REPEAT:
    case STMT_FOR:
        print_compound(s, indent, out);
        return;
    }
}

void ast_print_file(const AstFile *file, StrBuf *out)
{
    for (uint32_t i = 0; i < file->body.count; i++) {
        ast_print_stmt(file->body.at[i], 0, out);
        strbuf_add(out, "\n");
    }
}
