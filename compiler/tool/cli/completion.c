// completion.c: bash's completion: --completion.
#include <string.h>

#include "base/textfile.h"
#include "cpu/target.h"
#include "tool/cli/man_page.h"
#include "tool/cli/options.h"

static void add_names(StrBuf *out)
{
    strbuf_add(out, "    local commands='");
    for (size_t i = 0; i < command_table_count; i++) {
        strbuf_printf(out, "%s%s", i ? " " : "", command_table[i].name);
    }
    strbuf_add(out, "'\n    local models='");
    for (size_t i = 0; i < shipped_models_table_count; i++) {
        const char *name = shipped_models_table[i].name;
        strbuf_printf(out, "%s%.*s", i ? " " : "", (int)strcspn(name, "."), name);
    }
    strbuf_add(out, "'\n    local targets='");
    for (size_t i = 0; i < isa_table_count; i++) {
        strbuf_printf(out, "%s%s", i ? " " : "", isa_table[i]->name);
    }
    strbuf_add(out, "'\n");
}

// "a|b|c" as words.
static void add_choices(StrBuf *out, const char *value)
{
    for (; *value; value++) {
        strbuf_add_bytes(out, *value == '|' ? " " : value, 1);
    }
}

// What may follow an option that takes a value: choices, else files.
static void add_values(StrBuf *out)
{
    strbuf_add(out, "    case $prev in\n");
    for (size_t i = 0; i < option_table_count; i++) {
        const OptionDef *o = &option_table[i];
        if (o->kind != OPTION_CHOICE && o->kind != OPTION_NAME) {
            continue;
        }
        strbuf_printf(out, "    %s) COMPREPLY=($(compgen -W '", option_spelling(out->arena, o));
        if (o->kind == OPTION_CHOICE) {
            add_choices(out, o->value);
        }
        for (size_t k = 0; o->nth && o->nth(k).name; k++) {
            strbuf_printf(out, "%s%s", k ? " " : "", o->nth(k).name);
        }
        strbuf_add(out, "' -- \"$cur\")); return ;;\n");
    }
    strbuf_add(out, "    --target) COMPREPLY=($(compgen -W \"$targets\" -- \"$cur\")); return ;;\n"
                    "    ");
    const char *sep = "";
    for (size_t i = 0; i < option_table_count; i++) {
        const OptionDef *o = &option_table[i];
        if (o->kind == OPTION_CHOICE || o->kind == OPTION_NAME || o->kind == OPTION_FLAG) {
            continue;
        }
        strbuf_printf(out, "%s%s", sep, option_spelling(out->arena, o));
        if (o->letter && o->name) {
            strbuf_printf(out, " | -%c", o->letter);
        }
        sep = " | ";
    }
    strbuf_add(out, ") COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n    esac\n");
}

static void add_options(StrBuf *out)
{
    strbuf_add(out, "    case $command in\n");
    for (size_t i = 0; i < command_table_count; i++) {
        strbuf_printf(out, "    %s) options='", command_table[i].name);
        for (size_t k = 0; k < option_table_count; k++) {
            if (option_table[k].commands & command_table[i].bit) {
                strbuf_printf(out, " %s", option_spelling(out->arena, &option_table[k]));
            }
        }
        strbuf_add(out, "' ;;\n");
    }
    strbuf_add(out, "    esac\n");
}

void completion_print(StrBuf *out)
{
    strbuf_add(out, "# bash completion for resnetc, made by resnetc --completion\n_resnetc()\n{\n");
    add_names(out);
    // bash splits words at "=": --emit=du is three of them
    strbuf_add(out, "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                    "    local command=compile options= word\n"
                    "    if [ \"$cur\" = = ]; then\n        cur=\n"
                    "    elif [ \"$prev\" = = ]; then\n"
                    "        prev=${COMP_WORDS[COMP_CWORD-2]}\n    fi\n"
                    "    for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
                    "        case \" $commands \" in\n"
                    "        *\" $word \"*) command=$word; break ;;\n"
                    "        esac\n    done\n");
    add_values(out);
    add_options(out);
    strbuf_add(out, "    case $cur in\n"
                    "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")) ;;\n"
                    "    *) COMPREPLY=($(compgen -W \"$commands $models\" -- \"$cur\")"
                    " $(compgen -f -- \"$cur\")) ;;\n"
                    "    esac\n}\ncomplete -o filenames -F _resnetc resnetc\n");
}
