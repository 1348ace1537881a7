// elf_trim.c: see elf_trim.h.
#include "codegen/elf_trim.h"

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

size_t elf_empty_section(Arena *a, void *object, const char *name)
{
    char *bytes = object;
    Elf64_Ehdr *head = object;
    size_t count = head->e_shnum, end = head->e_ehsize;
    Elf64_Shdr *sections = ARENA_ARRAY(a, Elf64_Shdr, count);
    Elf64_Shdr **order = ARENA_ARRAY(a, Elf64_Shdr *, count);
    memcpy(sections, bytes + head->e_shoff, count * sizeof *sections);
    const char *names = bytes + sections[head->e_shstrndx].sh_offset;
    for (size_t i = 0; i < count; i++) {
        order[i] = &sections[i];
        if (is_named(names + sections[i].sh_name, name)) {
            sections[i].sh_size = 0;
        }
    }
    // In file order, so that what moves down never covers what is still to be moved.
    qsort(order, count, sizeof *order, by_offset);
    for (size_t i = 0; i < count; i++) {
        Elf64_Shdr *s = order[i];
        if (s->sh_type == SHT_NULL) {
            continue;
        }
        size_t to = aligned(end, s->sh_addralign);
        size_t size = s->sh_type == SHT_NOBITS ? 0 : s->sh_size;
        memmove(bytes + to, bytes + s->sh_offset, size);
        s->sh_offset = to;
        end = to + size;
    }
    end = aligned(end, sizeof(Elf64_Xword));
    memcpy(bytes + end, sections, count * sizeof *sections);
    head->e_shoff = end;
    return end + count * sizeof *sections;
}
