// man_page.c: the manual page resnetc(1): --man.
#include "tool/cli/man_page.h"

#include <string.h>

#include "build/build.h"
#include "tool/cli/options.h"

// Adds text with what roff reads as its own taken away.
static void add_roff(StrBuf *out, const char *text)
{
    bool line_start = out->count == 0 || out->text[out->count - 1] == '\n';
    for (; *text; text++) {
        if (line_start && (*text == '.' || *text == '\'')) {
            strbuf_add(out, "\\&");
        }
        line_start = *text == '\n';
        if (*text == '-') {
            strbuf_add(out, "\\-");
        } else if (*text == '\\') {
            strbuf_add(out, "\\e");
        } else {
            strbuf_add_bytes(out, text, 1);
        }
    }
}

static void add_line(StrBuf *out, const char *text)
{
    add_roff(out, text);
    strbuf_add(out, "\n");
}

static void add_synopsis(StrBuf *out)
{
    strbuf_add(out, ".SH SYNOPSIS\n");
    for (size_t i = 0; i < command_table_count; i++) {
        strbuf_add(out, i ? ".br\n\\fBresnetc\\fR " : "\\fBresnetc\\fR ");
        add_line(out, command_table[i].usage);
    }
    strbuf_add(out, ".br\n\\fBresnetc\\fR [\\fIcommand\\fR] \\fB\\-\\-help\\fR\n");
}

static void add_commands(StrBuf *out)
{
    strbuf_add(out, ".SH COMMANDS\n");
    for (size_t i = 0; i < command_table_count; i++) {
        strbuf_printf(out, ".TP\n.B %s\n", command_table[i].name);
        add_line(out, command_table[i].doc);
    }
}

static void add_option(StrBuf *out, const OptionDef *o)
{
    strbuf_add(out, ".TP\n");
    if (o->letter) {
        strbuf_printf(out, "\\fB\\-%c\\fR%s", o->letter, o->name ? ", " : "");
    }
    if (o->name) {
        strbuf_add(out, "\\fB");
        add_roff(out, option_spelling(out->arena, o));
        strbuf_add(out, "\\fR");
    }
    if (o->value) {
        strbuf_add(out, " \\fI");
        add_roff(out, o->value);
        strbuf_add(out, "\\fR");
    }
    strbuf_add(out, "\n");
    add_line(out, o->doc);
    for (size_t i = 0; o->nth && o->nth(i).name; i++) {
        strbuf_add(out, ".br\n");
        add_line(out, arena_printf(out->arena, "%s: %s.", o->nth(i).name, o->nth(i).doc));
    }
    strbuf_add(out, o->nth ? ".br\n(" : "(");
    const char *sep = "";
    for (size_t i = 0; i < command_table_count; i++) {
        if (!(command_table[i].bit & o->commands)) {
            continue;
        }
        strbuf_printf(out, "%s%s", sep, command_table[i].name);
        sep = ", ";
    }
    strbuf_add(out, ")\n");
}

static const char *const tail[] = {
    ".SH EXIT STATUS\n0: done. 1: a model or an input file is wrong. 2: wrong usage. 3: the system "
    "failed (files, memory), or an internal error. 130: training was stopped by Ctrl-C, after "
    "saving.\n",
    ".SH EXAMPLES\n.nf\n",
    "resnetc resnet18 -D classes=10 -o resnet18.o",
    "resnetc train net.rn --data fashion-mnist --epochs 10 --save w.safetensors",
    "resnetc run net.rn --weights w.safetensors --input x.npy --output y.npy",
    "resnetc resnet50 --emit=dot | dot -Tsvg -o resnet50.svg",
    ".fi\n.SH SEE ALSO\n.BR pkg\\-config (1),\nthe files in share/doc/resnetc\n",
};

void man_page_print(StrBuf *out)
{
    strbuf_add(out, ".TH RESNETC 1 \"\" \"resnetc " RESNETC_VERSION "\" \"User Commands\"\n"
                    ".SH NAME\nresnetc \\- a compiler for networks of the ResNet family\n");
    add_synopsis(out);
    strbuf_add(out, ".SH DESCRIPTION\nresnetc reads a network as a page of text and writes a "
                    "native object file that infers and trains it, or runs it in this process.\n"
                    "\\fIMODEL\\fR is a .rn file, or the name of a model that comes with the "
                    "compiler (\\fB\\-\\-list\\-models\\fR).\nOptions may stand before or after "
                    "it.\n");
    add_commands(out);
    strbuf_add(out, ".SH OPTIONS\nBehind each option stand the commands that take it.\n");
    for (size_t i = 0; i < option_table_count; i++) {
        add_option(out, &option_table[i]);
    }
    for (size_t i = 0; i < sizeof tail / sizeof tail[0]; i++) {
        if (tail[i][0] == '.') {
            strbuf_add(out, tail[i]);
        } else {
            add_line(out, tail[i]);
        }
    }
}
