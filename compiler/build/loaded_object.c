// loaded_object.c: an object of ours loaded into this process.
#include "build/loaded_object.h"

#include <llvm-c/Core.h>
#include <llvm-c/Error.h>
#include <llvm-c/LLJIT.h>
#include <llvm-c/Orc.h>
#include <stdlib.h>
#include <string.h>

#include "cpu/object.h"

struct LoadedObject {
    LLVMOrcLLJITRef jit;
};

static const char *take_error(Arena *a, LLVMErrorRef e)
{
    char *message = LLVMGetErrorMessage(e);
    const char *copy = arena_strdup(a, message);
    LLVMDisposeErrorMessage(message);
    return copy;
}

// memcpy and memset, the object's only undefined symbols, come from this process.
static LLVMErrorRef allow_libc(LLVMOrcLLJITRef jit)
{
    LLVMOrcDefinitionGeneratorRef process = NULL;
    LLVMErrorRef e = LLVMOrcCreateDynamicLibrarySearchGeneratorForProcess(
        &process, LLVMOrcLLJITGetGlobalPrefix(jit), NULL, NULL);
    if (!e) {
        LLVMOrcJITDylibAddGenerator(LLVMOrcLLJITGetMainJITDylib(jit), process);
    }
    return e;
}

static LLVMErrorRef load(LLVMOrcLLJITRef jit, const void *object, size_t bytes, const char *symbol,
                         LLVMOrcExecutorAddress *address)
{
    LLVMErrorRef e = allow_libc(jit);
    if (e) {
        return e;
    }
    LLVMMemoryBufferRef buffer =
        LLVMCreateMemoryBufferWithMemoryRangeCopy(object, bytes, "model.o");
    e = LLVMOrcLLJITAddObjectFile(jit, LLVMOrcLLJITGetMainJITDylib(jit), buffer);
    return e ? e : LLVMOrcLLJITLookup(jit, address, symbol);
}

LoadedObject *object_load(Arena *a, const void *object, size_t bytes, const char *name,
                          const RnModel **model, const char **error)
{
    *model = NULL;
    const Isa *native = isa_native();
    if (!native) {
        *error = "this machine's code cannot be generated";
        return NULL;
    }
    LLVMDisposeTargetMachine(machine_create(target_create(a, native, NULL))); // starts LLVM
    LLVMOrcLLJITRef jit;
    LLVMErrorRef e = LLVMOrcCreateLLJIT(&jit, NULL);
    if (e) {
        *error = take_error(a, e);
        return NULL;
    }
    LLVMOrcExecutorAddress address = 0;
    e = load(jit, object, bytes, arena_printf(a, "rn_model_%s", name), &address);
    if (e) {
        *error = take_error(a, e);
        LLVMErrorRef again = LLVMOrcDisposeLLJIT(jit);
        if (again) {
            LLVMConsumeError(again);
        }
        return NULL;
    }
    LoadedObject *loaded = ARENA_NEW(a, LoadedObject);
    loaded->jit = jit;
    RnMachine here = rn_machine_here();
    *model = rn_model_select((const RnModelSet *)(uintptr_t)address, &here);
    if (!*model) {
        *error = "the object has no code for this machine";
        object_unload(loaded);
        return NULL;
    }
    return loaded;
}

void object_unload(LoadedObject *o)
{
    if (!o || !o->jit) {
        return;
    }
    LLVMErrorRef e = LLVMOrcDisposeLLJIT(o->jit);
    if (e) {
        LLVMConsumeError(e);
    }
    o->jit = NULL;
}
