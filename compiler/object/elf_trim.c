// elf_trim.c: see elf_trim.h.
#include "object/elf_trim.h"

#include <elf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static int by_offset(const void *a, const void *b)
{
    const Elf64_Shdr *x = *(Elf64_Shdr *const *)a, *y = *(Elf64_Shdr *const *)b;
    return (x->sh_offset > y->sh_offset) - (x->sh_offset < y->sh_offset);
}

static size_t aligned(size_t offset, size_t align)
{
    return align > 1 ? (offset + align - 1) / align * align : offset;
}

static bool is_named(const char *section, const char *name)
{
    static const char rela[] = ".rela";
    size_t skip = strncmp(section, rela, sizeof rela - 1) == 0 ? sizeof rela - 1 : 0;
    return strcmp(section + skip, name) == 0;
}

typedef struct Elf {
    Arena *arena;
    char *bytes;
    Elf64_Ehdr *head;
    Elf64_Shdr *sections; // a copy
    size_t count;
    const char *names; // of sections
} Elf;

static Elf elf_open(Arena *a, void *object)
{
    Elf e = {.arena = a, .bytes = object, .head = object};
    e.count = e.head->e_shnum;
    e.sections = ARENA_ARRAY(a, Elf64_Shdr, e.count);
    memcpy(e.sections, e.bytes + e.head->e_shoff, e.count * sizeof *e.sections);
    e.names = e.bytes + e.sections[e.head->e_shstrndx].sh_offset;
    return e;
}

// Moves sections, whose sizes may have shrunk, together. Gives the object's size.
static size_t elf_close(Elf *e)
{
    size_t end = e->head->e_ehsize;
    Elf64_Shdr **order = ARENA_ARRAY(e->arena, Elf64_Shdr *, e->count);
    for (size_t i = 0; i < e->count; i++) {
        order[i] = &e->sections[i];
    }
    // In file order, so that what moves down never covers what is still to be moved.
    qsort(order, e->count, sizeof *order, by_offset);
    for (size_t i = 0; i < e->count; i++) {
        Elf64_Shdr *s = order[i];
        if (s->sh_type == SHT_NULL) {
            continue;
        }
        size_t to = aligned(end, s->sh_addralign);
        size_t size = s->sh_type == SHT_NOBITS ? 0 : s->sh_size;
        memset(e->bytes + end, 0, to - end);
        memmove(e->bytes + to, e->bytes + s->sh_offset, size);
        s->sh_offset = to;
        end = to + size;
    }
    size_t table = aligned(end, sizeof(Elf64_Xword));
    memset(e->bytes + end, 0, table - end);
    memcpy(e->bytes + table, e->sections, e->count * sizeof *e->sections);
    e->head->e_shoff = table;
    return table + e->count * sizeof *e->sections;
}

static void empty_section(const Elf *e, const char *name)
{
    for (size_t i = 0; i < e->count; i++) {
        if (is_named(e->names + e->sections[i].sh_name, name)) {
            e->sections[i].sh_size = 0;
        }
    }
}

// The symbol table, and where its symbols go.
typedef struct Symbols {
    Elf64_Shdr *section;
    Elf64_Shdr *strings;
    Elf64_Sym *at;
    const char *names;
    size_t count;
    size_t *to;         // new index; of a label: that of its section's symbol
    Elf64_Addr *addend; // what its relocations add: a label's place in its section
} Symbols;

static Symbols find_symbols(const Elf *e)
{
    Symbols s = {0};
    for (size_t i = 0; i < e->count && s.section == NULL; i++) {
        if (e->sections[i].sh_type == SHT_SYMTAB) {
            s.section = &e->sections[i];
        }
    }
    if (s.section == NULL) {
        return s;
    }
    s.strings = &e->sections[s.section->sh_link];
    s.at = (Elf64_Sym *)(e->bytes + s.section->sh_offset);
    s.names = e->bytes + s.strings->sh_offset;
    s.count = s.section->sh_size / sizeof *s.at;
    s.to = ARENA_ARRAY(e->arena, size_t, s.count);
    s.addend = ARENA_ARRAY(e->arena, Elf64_Addr, s.count);
    return s;
}

static bool is_label(const Symbols *s, const Elf64_Sym *y)
{
    return ELF64_ST_BIND(y->st_info) == STB_LOCAL && ELF64_ST_TYPE(y->st_info) == STT_NOTYPE &&
           y->st_shndx != SHN_UNDEF && y->st_shndx < SHN_LORESERVE &&
           strncmp(s->names + y->st_name, ".L", 2) == 0;
}

// Numbers the symbols that stay. The first label of a section without a symbol becomes it.
static void number_symbols(Elf *e, Symbols *s)
{
    size_t *own = ARENA_ARRAY(e->arena, size_t, e->count); // symbol of a section, 0: none
    memset(own, 0, e->count * sizeof *own);
    for (size_t i = 0; i < s->count; i++) {
        if (ELF64_ST_TYPE(s->at[i].st_info) == STT_SECTION) {
            own[s->at[i].st_shndx] = i;
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++) {
        Elf64_Sym *y = &s->at[i];
        s->addend[i] = 0;
        if (is_label(s, y)) {
            Elf64_Shdr *home = &e->sections[y->st_shndx];
            home->sh_flags &= ~(Elf64_Xword)(SHF_MERGE | SHF_STRINGS);
            home->sh_entsize = 0;
            s->addend[i] = y->st_value;
            size_t section = own[y->st_shndx];
            if (section != 0) {
                s->to[i] = section;
                continue;
            }
            own[y->st_shndx] = i;
            *y = (Elf64_Sym){.st_info = ELF64_ST_INFO(STB_LOCAL, STT_SECTION),
                             .st_shndx = y->st_shndx};
        }
        s->to[i] = i;
        kept++;
    }
    // From here on `to` of a symbol that stays is where it goes.
    Elf64_Word locals = 0;
    size_t *place = ARENA_ARRAY(e->arena, size_t, s->count);
    for (size_t i = 0, next = 0; i < s->count; i++) {
        place[i] = next;
        if (s->to[i] == i) {
            locals += ELF64_ST_BIND(s->at[i].st_info) == STB_LOCAL;
            s->at[next++] = s->at[i];
        }
    }
    for (size_t i = 0; i < s->count; i++) {
        s->to[i] = place[s->to[i]];
    }
    s->count = kept;
    s->section->sh_info = locals;
    s->section->sh_size = kept * sizeof *s->at;
}

static void renumber_relocations(const Elf *e, const Symbols *s)
{
    for (size_t i = 0; i < e->count; i++) {
        const Elf64_Shdr *h = &e->sections[i];
        if (h->sh_type != SHT_RELA) {
            continue;
        }
        Elf64_Rela *r = (Elf64_Rela *)(e->bytes + h->sh_offset);
        for (size_t k = 0; k < h->sh_size / sizeof *r; k++) {
            size_t symbol = ELF64_R_SYM(r[k].r_info);
            r[k].r_addend += (Elf64_Sxword)s->addend[symbol];
            r[k].r_info = ELF64_R_INFO(s->to[symbol], ELF64_R_TYPE(r[k].r_info));
        }
    }
}

static void mark(bool *used, const char *names, size_t at)
{
    memset(used + at, true, strlen(names + at) + 1);
}

// Takes the names that nobody uses any more out of the table of strings. Names may share an end.
static void drop_names(Elf *e, const Symbols *s)
{
    size_t size = s->strings->sh_size;
    bool shared = s->strings == &e->sections[e->head->e_shstrndx];
    bool *used = ARENA_ARRAY(e->arena, bool, size);
    memset(used, false, size);
    used[0] = true;
    for (size_t i = 0; i < s->count; i++) {
        mark(used, s->names, s->at[i].st_name);
    }
    for (size_t i = 0; shared && i < e->count; i++) {
        mark(used, s->names, e->sections[i].sh_name);
    }
    Elf64_Word *to = ARENA_ARRAY(e->arena, Elf64_Word, size), next = 0;
    char *names = e->bytes + s->strings->sh_offset;
    for (size_t i = 0; i < size; i++) {
        to[i] = next;
        if (used[i]) {
            names[next++] = names[i];
        }
    }
    s->strings->sh_size = next;
    for (size_t i = 0; i < s->count; i++) {
        s->at[i].st_name = to[s->at[i].st_name];
    }
    for (size_t i = 0; shared && i < e->count; i++) {
        e->sections[i].sh_name = to[e->sections[i].sh_name];
    }
}

static void drop_labels(Elf *e)
{
    Symbols s = find_symbols(e);
    if (s.section != NULL) {
        number_symbols(e, &s);
        renumber_relocations(e, &s);
        drop_names(e, &s);
    }
}

size_t elf_trim(Arena *a, void *object)
{
    Elf e = elf_open(a, object);
    // Every function keeps its frame pointer: debuggers and profilers find callers by it.
    empty_section(&e, ".debug_frame");
    drop_labels(&e);
    return elf_close(&e);
}
