// cmd_info.c: what the tool knows: its version, shipped models, operators, targets, passes; and the
// dispatch of commands.
#include "tool/cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "base/textfile.h"
#include "cpu/target.h"
#include "build/build.h"
#include "tool/cli/man_page.h"
#include "tool/cli/messages.h"
#include "tool/commands/outputs.h"
#include "ir/opdef.h"
#include "passes/pipeline.h"

// The first sentence of a text, without the full stop; "et al. 2015" does not end one.
static int first_sentence(const char *doc)
{
    const char *end = strstr(doc, ". ");
    while (end && end[2] >= '0' && end[2] <= '9') {
        end = strstr(end + 2, ". ");
    }
    size_t length = end ? (size_t)(end - doc) : strlen(doc);
    if (!end && length && doc[length - 1] == '.') {
        length--;
    }
    return (int)length;
}

static void list_ops(StrBuf *out)
{
    for (size_t i = 0; i < op_table_count; i++) {
        const OpDef *op = op_table[i];
        if (op->internal) {
            continue;
        }
        const char *names =
            op->aliases ? arena_printf(out->arena, "%s (%s)", op->name, op->aliases) : op->name;
        const char *doc = op->doc ? op->doc : "";
        strbuf_printf(out, "%-28s %.*s\n", names, first_sentence(doc), doc);
    }
}

// A line's worth of a text: its first sentence, or that up to a colon where it is long.
static int headline(const char *doc)
{
    int sentence = first_sentence(doc);
    const char *colon = strstr(doc, ": ");
    return sentence > 80 && colon && colon - doc < sentence ? (int)(colon - doc) : sentence;
}

// The comment that a model file begins with, its lines joined.
static const char *leading_comment(Arena *a, const char *text)
{
    StrBuf doc = {.arena = a};
    while (*text == '#') {
        text += strspn(text, "# ");
        size_t n = strcspn(text, "\n");
        strbuf_printf(&doc, "%s%.*s", doc.count ? " " : "", (int)n, text);
        text += n + (text[n] == '\n');
    }
    return strbuf_text(&doc);
}

static void list_models(StrBuf *out)
{
    for (size_t i = 0; i < shipped_models_table_count; i++) {
        const TextFile *f = &shipped_models_table[i];
        const char *doc = leading_comment(out->arena, f->text);
        strbuf_printf(out, "%-28.*s %.*s\n", (int)strcspn(f->name, "."), f->name, headline(doc),
                      doc);
    }
}

static void list_recipes(StrBuf *out)
{
    for (size_t i = 0; i < shipped_recipes_table_count; i++) {
        const TextFile *f = &shipped_recipes_table[i];
        const char *doc = leading_comment(out->arena, f->text);
        strbuf_printf(out, "%-28.*s %.*s\n", (int)strcspn(f->name, "."), f->name, headline(doc),
                      doc);
    }
}

static void list_targets(StrBuf *out)
{
    const Isa *native = isa_native();
    for (size_t i = 0; i < isa_table_count; i++) {
        strbuf_printf(out, "%-14s %s%s\n", isa_table[i]->name, isa_table[i]->doc,
                      isa_table[i] == native ? "  (this machine)" : "");
    }
}

ExitCode cmd_info(Arena *a, const Options *o)
{
    StrBuf out = {.arena = a};
    if (o->help) {
        options_help(&out, o->command == &command_table[0] ? NULL : o->command);
    }
    if (o->version) {
        strbuf_add(&out, "resnetc " RESNETC_VERSION "\n");
    }
    if (o->list_models) {
        list_models(&out);
    }
    if (o->list_recipes) {
        list_recipes(&out);
    }
    if (o->list_ops) {
        list_ops(&out);
    }
    if (o->list_targets) {
        list_targets(&out);
    }
    if (o->list_passes) {
        passes_list(&out);
    }
    if (o->man) {
        man_page_print(&out);
    }
    if (o->completion) {
        completion_print(&out);
    }
    return report_write(a, NULL, strbuf_text(&out), out.count);
}

ExitCode driver_main(int argc, char **argv)
{
    Arena *a = arena_create();
    Options o;
    const char *error;
    ExitCode code;
    if (!options_parse(a, argc, argv, &o, &error)) {
        code = report_error(EXIT_USAGE, "%s", error);
    } else if (options_is_question(&o)) {
        code = cmd_info(a, &o);
    } else {
        code = outputs_check(a, &o);
        code = code == EXIT_OK ? o.command->run(a, &o) : code;
    }
    arena_destroy(a);
    return code;
}
