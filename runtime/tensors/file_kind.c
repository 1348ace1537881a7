// file_kind.c: known kinds of files by how they begin.
#include "tensors/file_kind.h"

#include <stdbool.h>
#include <string.h>

typedef struct Kind {
    const char *start;
    size_t bytes;
    const char *told;
} Kind;

#define START(text) .start = (text), .bytes = sizeof(text) - 1

static const char PYTORCH[] =
    "a PyTorch checkpoint, not safetensors; scripts/pth_to_safetensors.py IN.pth OUT.safetensors "
    "converts it";

static const Kind kinds[] = {
    {START("version https://git-lfs"),
     .told = "a Git LFS pointer, which stands for the file; git lfs pull fetches it"},
    {START("\x89HDF\r\n\x1a\n"),
     .told = "an HDF5 file (Keras .h5), not safetensors; save its arrays from Python with "
             "safetensors.numpy.save_file"},
    {START("\x93NUMPY"),
     .told = "a NumPy array, not safetensors; weights are one .safetensors file of named tensors"},
    {START("GGUF"), .told = "a GGUF file, not safetensors"},
    {START("<!DOCTYPE"), .told = "a web page, not safetensors; the download went wrong"},
    {START("<html"), .told = "a web page, not safetensors; the download went wrong"},
    {START("\x1f\x8b"), .told = "compressed by gzip; gunzip unpacks it"},
};

static bool holds(const unsigned char *bytes, size_t size, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; i + n <= size; i++) {
        if (memcmp(bytes + i, word, n) == 0) {
            return true;
        }
    }
    return false;
}

// The first entry of a ZIP archive tells who made it.
static const char *zip_told(const unsigned char *bytes, size_t size)
{
    size_t head = size < 256 ? size : 256;
    if (holds(bytes, head, ".pkl")) {
        return PYTORCH;
    }
    return holds(bytes, head, ".npy")
               ? "a NumPy archive (.npz), not safetensors; save its arrays from Python with "
                 "safetensors.numpy.save_file"
               : "a ZIP archive, not safetensors";
}

const char *rni_file_kind_told(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (size >= kinds[i].bytes && memcmp(bytes, kinds[i].start, kinds[i].bytes) == 0) {
            return kinds[i].told;
        }
    }
    if (size >= 4 && memcmp(bytes, "PK\3\4", 4) == 0) {
        return zip_told(bytes, size);
    }
    // A pickle: protocol 2 to 5 (before version 1.6 PyTorch wrote nothing else).
    bool pickle = size >= 2 && bytes[0] == 0x80 && bytes[1] >= 2 && bytes[1] <= 5;
    return pickle ? PYTORCH : NULL;
}
