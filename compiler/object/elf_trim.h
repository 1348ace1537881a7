// elf_trim.h: takes what nobody needs out of an ELF object that has just been written. The object:
// 64 bits, relocatable, little endian, as LLVM writes it. Works in place and gives the new size.
#ifndef OBJECT_ELF_TRIM_H
#define OBJECT_ELF_TRIM_H

#include <stddef.h>

#include "base/arena.h"

/// Empties .debug_frame and its relocations (the sections stay in the table, with no content, so
/// that all indices keep their meaning), and takes the assembler's own labels (.L...) out of the
/// symbols: relocations refer to their sections instead, and the linker no longer merges equal
/// constants of these sections with other objects'.
size_t elf_trim(Arena *a, void *object);

#endif
