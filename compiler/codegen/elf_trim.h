// elf_trim.h: takes what nobody needs out of an ELF object that has just been written. The object:
// 64 bits, relocatable, little endian, as LLVM writes it. Both work in place and give the new size.
#ifndef CODEGEN_ELF_TRIM_H
#define CODEGEN_ELF_TRIM_H

#include <stddef.h>

#include "base/arena.h"

/// Empties the section of this name and its relocations (they stay in the table of sections, with
/// no content, so that all indices keep their meaning).
size_t elf_empty_section(Arena *a, void *object, const char *name);

/// Takes the assembler's own labels (.L...) out of the symbols: relocations refer to their sections
/// instead. The linker no longer merges equal constants of these sections with other objects'.
size_t elf_drop_labels(Arena *a, void *object);

#endif
