// format.h: as what a model's code can be written.
#ifndef CPU_FORMAT_H
#define CPU_FORMAT_H

typedef enum CodegenFormat { CODEGEN_OBJECT, CODEGEN_ASSEMBLY, CODEGEN_LLVM } CodegenFormat;

#endif
