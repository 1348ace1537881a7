// textfile.h: texts built into the tool: the prelude, the shipped models and
// recipes (see cmake/generate.cmake).
#ifndef BASE_TEXTFILE_H
#define BASE_TEXTFILE_H

#include <stddef.h>

typedef struct TextFile {
    const char *name; // "resnet18.rn"
    const char *text; // NUL-terminated
    size_t bytes;
} TextFile;

extern const TextFile prelude_table[];
extern const size_t prelude_table_count;
extern const TextFile shipped_models_table[];
extern const size_t shipped_models_table_count;
extern const TextFile shipped_recipes_table[];
extern const size_t shipped_recipes_table_count;
extern const TextFile abi_table[]; // resnetc/model_abi.h
extern const size_t abi_table_count;

#endif
