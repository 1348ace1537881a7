// elf_trim.h: takes sections out of an ELF object that has just been written.
#ifndef CODEGEN_ELF_TRIM_H
#define CODEGEN_ELF_TRIM_H

#include <stddef.h>

#include "base/arena.h"

/// Empties the section of this name and its relocations (they stay in the table of sections, with
/// no content, so that all indices keep their meaning). Works in place; gives the new size. The
/// object: 64 bits, relocatable, little endian, as LLVM writes it.
size_t elf_empty_section(Arena *a, void *object, const char *name);

#endif
