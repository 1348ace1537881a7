// object.c: LLVM's target machines, and a module written as object, assembly or text.
// No IR passes run: kernels are emitted as they should be, and LLVM's optimiser makes them slower.
#include "cpu/object.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/Core.h>
#include <llvm-c/Support.h>
#include <pthread.h>
#include <string.h>

#include "base/internal_error.h"
#include "object/elf_trim.h"

// Loop strength reduction takes 40% of the code generator's time, and our kernels carry bumped
// pointers in their inner loops already. LLVM's switches are globals of the process that may be set
// only once, hence the static guard.
static void set_llvm_options(void)
{
    static const char *const arguments[] = {"resnetc", "-disable-lsr"};
    LLVMParseCommandLineOptions((int)(sizeof arguments / sizeof arguments[0]), arguments, NULL);
}

LLVMTargetMachineRef machine_create(const TargetDef *target)
{
    static pthread_once_t options_set = PTHREAD_ONCE_INIT;
    pthread_once(&options_set, set_llvm_options);
    const Isa *isa = target_code_isa(target);
    isa->start_backend();
    LLVMTargetRef found;
    char *error = NULL;
    if (LLVMGetTargetFromTriple(isa->triple, &found, &error)) {
        INTERNAL_ERROR("LLVM has no target %s: %s", isa->triple, error);
    }
    LLVMTargetMachineRef machine =
        LLVMCreateTargetMachine(found, isa->triple, isa->cpu, isa->features,
                                LLVMCodeGenLevelDefault, LLVMRelocPIC, LLVMCodeModelDefault);
    if (!machine) {
        INTERNAL_ERROR("LLVM makes no machine for %s", isa->name);
    }
    return machine;
}

static void *copy_out(Arena *a, const char *from, size_t bytes)
{
    char *to = arena_alloc(a, bytes + 1);
    memcpy(to, from, bytes);
    return to;
}

const void *module_write(LLVMTargetMachineRef machine, LLVMModuleRef module, Arena *a,
                         CodegenFormat format, size_t *bytes)
{
    char *error = NULL;
    if (LLVMVerifyModule(module, LLVMReturnStatusAction, &error)) {
        INTERNAL_ERROR("LLVM refuses the module: %s", error);
    }
    LLVMDisposeMessage(error);
    if (format == CODEGEN_LLVM) {
        char *text = LLVMPrintModuleToString(module);
        *bytes = strlen(text);
        const void *out = copy_out(a, text, *bytes);
        LLVMDisposeMessage(text);
        return out;
    }
    LLVMMemoryBufferRef buffer;
    LLVMCodeGenFileType type = format == CODEGEN_OBJECT ? LLVMObjectFile : LLVMAssemblyFile;
    if (LLVMTargetMachineEmitToMemoryBuffer(machine, module, type, &error, &buffer)) {
        INTERNAL_ERROR("LLVM emits no code: %s", error);
    }
    *bytes = LLVMGetBufferSize(buffer);
    void *out = copy_out(a, LLVMGetBufferStart(buffer), *bytes);
    LLVMDisposeMemoryBuffer(buffer);
    if (format == CODEGEN_OBJECT) {
        *bytes = elf_trim(a, out);
    }
    return out;
}
