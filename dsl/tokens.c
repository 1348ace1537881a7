// tokens.c: decides which newlines end a statement, closes what the text left open, and starts a
// parse. Not here: characters (lexer.l), grammar (parser.y).
#include <string.h>

#include "base/internal_error.h"
#include "dsl/parse_state.h"
#include "dsl/parser.h"

static int take(Parse *p, DSL_YSTYPE *value, SrcRange *at)
{
    if (!p->has_pending) {
        return dsl_scan(value, at, p->yyscanner);
    }
    p->has_pending = false;
    *value = *p->pending_value;
    *at = p->pending_at;
    return p->pending_kind;
}

// The kind of the token after the one handed out.
static int peek(Parse *p)
{
    if (!p->has_pending) {
        p->pending_kind = dsl_scan(p->pending_value, &p->pending_at, p->yyscanner);
        p->has_pending = true;
    }
    return p->pending_kind;
}

// Whether a token can end an operand. Inside brackets a token that starts a statement never follows
// it.
static bool ends_operand(int kind)
{
    static const int KINDS[] = {TOK_NAME, TOK_INT,   TOK_FLOAT, TOK_SIZE, TOK_STRING,
                                TOK_TRUE, TOK_FALSE, TOK_NONE,  ')',      ']'};
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        if (KINDS[i] == kind) {
            return true;
        }
    }
    return false;
}

static bool starts_statement(int kind)
{
    static const int KINDS[] = {TOK_NAME,   TOK_STRING, TOK_INCLUDE, TOK_PARAM,
                                TOK_BLOCK,  TOK_MODEL,  TOK_INPUT,   TOK_OUTPUT,
                                TOK_ASSERT, TOK_REPEAT, TOK_FOR};
    for (size_t i = 0; i < sizeof KINDS / sizeof KINDS[0]; i++) {
        if (KINDS[i] == kind) {
            return true;
        }
    }
    return false;
}

// A newline means nothing inside brackets and before `else`. Where a bracket was evidently
// forgotten it ends the statement after all, so that the rest of the file is not lost.
static bool newline_ends_statement(Parse *p)
{
    while (peek(p) == TOK_NEWLINE) {
        p->has_pending = false;
    }
    int next = p->pending_kind;
    if (!p->open) {
        return !(next == TOK_ELSE && p->last_kind == '}');
    }
    bool forgotten = next == '{' || next == '}' || next == TOK_END ||
                     (ends_operand(p->last_kind) && starts_statement(next));
    if (forgotten) {
        p->open = 0;
    }
    return forgotten;
}

// The file ends: the last line ends too, and every open { is closed, with one report.
static int end_token(Parse *p, DSL_YSTYPE *value, SrcRange at)
{
    *p->pending_value = *value;
    p->pending_at = at;
    p->pending_kind = TOK_END;
    p->open = 0;
    if (p->last_kind != TOK_SEP) {
        p->has_pending = true;
        return TOK_SEP;
    }
    if (!p->braces) {
        return TOK_END;
    }
    if (!p->brace_reported && p->braces <= AST_MAX_DEPTH) {
        (void)diag_error(p->diag, parse_loc(p->brace_at[p->braces - 1]), "this { is never closed");
    }
    p->brace_reported = true;
    p->has_pending = true;
    return '}';
}

static void count_brackets(Parse *p, int kind, SrcRange at)
{
    if (kind == '(' || kind == '[') {
        p->open++;
    } else if ((kind == ')' || kind == ']') && p->open) {
        p->open--;
    } else if (kind == '{') {
        p->open = 0;
        if (p->braces < AST_MAX_DEPTH) {
            p->brace_at[p->braces] = at;
        }
        p->braces++;
    } else if (kind == '}' && p->braces) {
        p->open = 0;
        p->braces--;
    }
}

int dsl_ylex(DSL_YSTYPE *value, DSL_YLTYPE *at, Parse *p)
{
    int kind = take(p, value, at);
    if (diag_error_count(p->diag) > DIAG_MAX_ERRORS) {
        // What follows would not be shown.
        p->brace_reported = true;
        kind = TOK_END;
    }
    if (kind == TOK_NEWLINE) {
        kind = newline_ends_statement(p) ? TOK_SEP : take(p, value, at);
    }
    if (kind == TOK_END) {
        kind = end_token(p, value, *at);
    }
    count_brackets(p, kind, *at);
    p->last_kind = kind;
    return kind;
}

// Reports a file that is not text and says false.
static bool check_text(Parse *p)
{
    const SourceFile *f = p->source;
    if (f->bytes > DSL_MAX_FILE_BYTES) {
        (void)diag_error(p->diag, parse_loc((SrcRange){p->file, 0, 0}),
                         "the file has %zu bytes, more than the limit of %d", f->bytes,
                         DSL_MAX_FILE_BYTES);
        return false;
    }
    for (size_t i = 0; i < f->bytes;) {
        size_t length = utf8_length(f->text + i, f->bytes - i);
        if (!length) {
            SrcRange at = {p->file, (uint32_t)i, (uint32_t)i + 1};
            unsigned byte = (unsigned char)f->text[i];
            DiagItem *item =
                byte ? diag_error(p->diag, parse_loc(at), "byte 0x%02x is not valid UTF-8", byte)
                     : diag_error(p->diag, parse_loc(at), "unexpected NUL byte");
            diag_help(p->diag, item, "is this a text file?");
            return false;
        }
        i += length;
    }
    return true;
}

AstFile *dsl_parse(Arena *a, Intern *names, SourceSet *sources, Diag *diag, uint32_t file)
{
    Parse *p = ARENA_NEW(a, Parse);
    p->arena = a;
    p->names = names;
    p->diag = diag;
    p->source = source_file(sources, file);
    p->file = file;
    p->last_kind = TOK_SEP;
    p->pending_value = ARENA_NEW(a, DSL_YSTYPE);
    p->result = ARENA_NEW(a, AstFile);
    p->result->file = file;
    p->result->broken = true;
    if (!check_text(p)) {
        return p->result;
    }
    const char *text = p->source->text;
    bool has_mark = p->source->bytes >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
    p->at = has_mark ? 3 : 0;
    if (!dsl_scan_start(p, text + p->at, p->source->bytes - p->at)) {
        INTERNAL_ERROR("the lexer cannot start");
    }
    p->result->broken = dsl_yparse(p) != 0;
    dsl_scan_stop(p);
    return p->result;
}
