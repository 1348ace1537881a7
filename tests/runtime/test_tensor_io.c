// test_tensor_io.c: .npy and safetensors files, good ones and bad ones.
#include "support/check_main.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cjson/cJSON.h>

#include "resnetc/tensor_io.h"
#include "runtime/temp_files.h"
#include "runtime/tensors/json_text.h"

// ---- .npy
// ----------------------------------------------------------------------------------------

// Builds a .npy in memory: header text (not padded) and data.
static size_t make_npy(unsigned char *out, int version, const char *dict, const void *data,
                       size_t bytes)
{
    size_t n = strlen(dict), start = version == 1 ? 10 : 12;
    memcpy(out, "\x93NUMPY", 6);
    out[6] = (unsigned char)version;
    out[7] = 0;
    for (size_t i = 8; i < start; i++) {
        out[i] = (unsigned char)(n >> (8 * (i - 8)));
    }
    memcpy(out + start, dict, n);
    if (bytes) {
        memcpy(out + start + n, data, bytes);
    }
    return start + n + bytes;
}

START_TEST(npy_floats)
{
    static const float want[6] = {1, -2, 0.5f, 3e38f, 0, 7};
    double wide[6];
    unsigned char file[512];
    for (int i = 0; i < 6; i++) {
        wide[i] = (double)want[i];
    }
    for (int version = 1; version <= 3; version++) {
        RnNpy a;
        size_t n = make_npy(file, version,
                            "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n",
                            want, sizeof want);
        ck_assert_int_eq(rn_npy_parse(file, n, "x", RN_NPY_FLOAT, &a, NULL), RN_OK);
        ck_assert_uint_eq(a.shape.rank, 2);
        ck_assert_uint_eq(a.shape.dim[1], 3);
        ck_assert_int_eq(memcmp(a.f32, want, sizeof want), 0);
        rn_npy_free(&a);
        n = make_npy(file, version, "{\"shape\":(6,),'fortran_order':True,'descr':'<f8'}\n", wide,
                     sizeof wide);
        ck_assert_int_eq(rn_npy_parse(file, n, "x", RN_NPY_FLOAT, &a, NULL), RN_OK);
        ck_assert_uint_eq(a.shape.rank, 1);
        ck_assert_int_eq(memcmp(a.f32, want, sizeof want), 0);
        rn_npy_free(&a);
    }
    rn_npy_free(NULL);
}
END_TEST

START_TEST(npy_integers)
{
    static const struct {
        const char *descr;
        unsigned char bytes[16];
        size_t size;
        int64_t want[2];
    } cases[] = {
        {"|u1", {200, 3}, 2, {200, 3}},
        {"|i1", {200, 3}, 2, {-56, 3}},
        {"|b1", {1, 0}, 2, {1, 0}},
        {"<i2", {0xFE, 0xFF, 2, 1}, 4, {-2, 258}},
        {"<u2", {0xFE, 0xFF, 2, 1}, 4, {65534, 258}},
        {"<i4", {0xFF, 0xFF, 0xFF, 0xFF, 4, 3, 2, 1}, 8, {-1, 0x01020304}},
        {"<u4", {0xFF, 0xFF, 0xFF, 0xFF, 4, 3, 2, 1}, 8, {UINT32_MAX, 0x01020304}},
        {">i2", {0xFF, 0xFE, 1, 2}, 4, {-2, 258}},
        {">u4", {0xFF, 0xFF, 0xFF, 0xFE, 1, 2, 3, 4}, 8, {UINT32_MAX - 1, 0x01020304}},
        {"<i8", {0, 0, 0, 0, 0, 0, 0, 0x80, 5}, 16, {INT64_MIN, 5}},
        {"<u8", {9, 0, 0, 0, 0, 0, 0, 0x70, 5}, 16, {0x7000000000000009, 5}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned char file[256];
        char dict[128];
        RnNpy a;
        snprintf(dict, sizeof dict, "{'descr': '%s', 'fortran_order': False, 'shape': (2,)}",
                 cases[i].descr);
        size_t n = make_npy(file, 1, dict, cases[i].bytes, cases[i].size);
        ck_assert_int_eq(rn_npy_parse(file, n, "l", RN_NPY_INT, &a, NULL), RN_OK);
        ck_assert_int_eq(a.i64[0], cases[i].want[0]);
        ck_assert_int_eq(a.i64[1], cases[i].want[1]);
        rn_npy_free(&a);
    }
}
END_TEST

static void npy_refused(const char *dict, RnNpyKind want, size_t bytes, const char *text)
{
    static const unsigned char data[64] = {[7] = 0xFF};
    unsigned char file[512];
    RnNpy a;
    RnError err = {0};
    size_t n = make_npy(file, 1, dict, data, bytes);
    ck_assert_int_eq(rn_npy_parse(file, n, "x.npy", want, &a, &err), RN_ERR_INPUT);
    ck_assert_msg(strncmp(err.text, "x.npy: ", 7) == 0 && strstr(err.text, text) != NULL, "%s: %s",
                  dict, err.text);
    ck_assert_ptr_null(a.f32);
    ck_assert_ptr_null(a.i64);
}

START_TEST(npy_wrong_headers)
{
#define DICT(descr, order, shape)                                                                  \
    "{'descr': '" descr "', 'fortran_order': " order ", 'shape': " shape "}"
    npy_refused(DICT("<f4", "False", "(2, 3)"), RN_NPY_FLOAT, 23,
                "truncated: shape [2, 3] needs 24 bytes, the file has 23");
    npy_refused(DICT("<f4", "False", "(2, 3)"), RN_NPY_FLOAT, 25, "too long: shape [2, 3]");
    npy_refused(DICT("<f4", "False", "(4294967296, 4294967296)"), RN_NPY_FLOAT, 0, "is too large");
    npy_refused(DICT("<f4", "False", "(99999999999999999999,)"), RN_NPY_FLOAT, 0, "header is not");
    npy_refused(DICT("<f4", "False", "(-1,)"), RN_NPY_FLOAT, 0, "header is not");
    npy_refused(DICT("<f4", "False", "(nan,)"), RN_NPY_FLOAT, 0, "header is not");
    npy_refused(DICT("<f4", "False", "(1,1,1,1,1,1,1,1,1)"), RN_NPY_FLOAT, 4,
                "at most 8 dimensions");
    npy_refused(DICT("<f4", "True", "(2, 3)"), RN_NPY_FLOAT, 24, "Fortran order");
    npy_refused(DICT(">f4", "False", "(2, 3)"), RN_NPY_FLOAT, 24, "big-endian");
    npy_refused(DICT("<f2", "False", "(2, 3)"), RN_NPY_FLOAT, 12,
                "element type f2, but float32 or float64");
    npy_refused(DICT("<i4", "False", "(2, 3)"), RN_NPY_FLOAT, 24, "element type i4");
    npy_refused(DICT("<f4", "False", "(2, 3)"), RN_NPY_INT, 24, "an integer type");
    npy_refused(DICT("<u8", "False", "(1,)"), RN_NPY_INT, 8, "element 0 is above 2^63 - 1");
    npy_refused(DICT("<c8", "False", "(1,)"), RN_NPY_FLOAT, 8, "element type c8");
    npy_refused(DICT("|O8", "False", "(1,)"), RN_NPY_INT, 8, "element type O8");
    npy_refused("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", RN_NPY_FLOAT, 4,
                "header is not");
    npy_refused("{'descr': '<f4', 'fortran_order': False}", RN_NPY_FLOAT, 4, "header is not");
    npy_refused("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}",
                RN_NPY_FLOAT, 4, "header is not");
    npy_refused("{'descr': '<f4', 'fortran_order': False, 'shape': ()} x", RN_NPY_FLOAT, 4,
                "header is not");
    npy_refused("", RN_NPY_FLOAT, 0, "header is not");
#undef DICT
    RnNpy a;
    RnError err;
    ck_assert_int_eq(rn_npy_parse("\x93NUMPY\x01", 7, "x", RN_NPY_INT, &a, &err), RN_ERR_INPUT);
    ck_assert_int_eq(rn_npy_parse("\x93NUMPY\x09\0\1\0 ", 11, "x", RN_NPY_INT, &a, &err),
                     RN_ERR_INPUT);
    ck_assert_str_eq(err.text, "x: .npy version 9 is not known (1, 2 and 3 are)");
    ck_assert_int_eq(
        rn_npy_parse("\x93NUMPY\x02\0\xFF\xFF\xFF\xFF ", 13, "x", RN_NPY_INT, &a, &err),
        RN_ERR_INPUT);
    ck_assert_int_eq(rn_npy_parse("\x93NUMPY\x02\0\xFF\xFF", 10, "x", RN_NPY_INT, &a, &err),
                     RN_ERR_INPUT);
    ck_assert_int_eq(rn_npy_parse(NULL, 0, "x", RN_NPY_INT, &a, &err), RN_ERR_INPUT);
    ck_assert_str_eq(err.text, "x: not a .npy file");
}
END_TEST

START_TEST(npy_written_and_read)
{
    TempFolder t = temp_folder();
    char path[128];
    temp_path(&t, "a.npy", path);
    float x[24];
    int64_t l[3] = {-1, INT64_MAX, 7};
    for (int i = 0; i < 24; i++) {
        x[i] = (float)i / 3;
    }
    RnNpy a;
    for (uint32_t rank = 0; rank <= 4; rank++) {
        const RnShape shape = {.rank = rank, .dim = {2, 3, 1, rank == 4 ? 4 : 1}};
        ck_assert_int_eq(rn_npy_write_f32(path, &shape, x, NULL), RN_OK);
        ck_assert_int_eq(rn_npy_read(path, RN_NPY_FLOAT, &a, NULL), RN_OK);
        ck_assert_uint_eq(a.shape.rank, rank);
        ck_assert_int_eq(memcmp(a.f32, x, a.elements * 4), 0);
        ck_assert_uint_eq((uintptr_t)a.f32 % 64, 0);
        rn_npy_free(&a);
    }
    ck_assert_int_eq(rn_npy_write_i64(path, &(RnShape){.rank = 1, .dim = {3}}, l, NULL), RN_OK);
    ck_assert_int_eq(rn_npy_read(path, RN_NPY_INT, &a, NULL), RN_OK);
    ck_assert_int_eq(memcmp(a.i64, l, sizeof l), 0);
    rn_npy_free(&a);
    ck_assert_int_eq(temp_count(&t), 1);
    temp_remove(&t);
}
END_TEST

// ---- Files that cannot be read or written
// --------------------------------------------------------

START_TEST(system_errors)
{
    TempFolder t = temp_folder();
    char path[128];
    RnNpy a;
    RnError err;
    RnTensorFile *file;
    const float x[1] = {1};
    const RnShape one = {.rank = 1, .dim = {1}};
    ck_assert_int_eq(rn_npy_read("/nowhere/x.npy", RN_NPY_FLOAT, &a, &err), RN_ERR_IO);
    ck_assert_str_eq(err.text, "/nowhere/x.npy: No such file or directory");
    ck_assert_int_eq(rn_npy_read(t.path, RN_NPY_FLOAT, &a, &err), RN_ERR_IO); // a folder
    ck_assert_int_eq(rn_tensor_file_open("/nowhere/w", &file, &err), RN_ERR_IO);
    ck_assert_int_eq(rn_tensor_file_open("/dev/null", &file, &err), RN_ERR_INPUT);
    ck_assert_int_eq(rn_npy_write_f32("/nowhere/y.npy", &one, x, &err), RN_ERR_IO);
    ck_assert_str_eq(err.text, "cannot write /nowhere/y.npy: No such file or directory");
    ck_assert_int_eq(rn_npy_write_f32("/dev/full", &one, x, &err), RN_ERR_IO);
    ck_assert_str_eq(err.text, "cannot write /dev/full: No space left on device");
    ck_assert_int_eq(rn_npy_write_f32(t.path, &one, x, &err), RN_ERR_IO); // a folder
    ck_assert_int_eq(rn_npy_write_f32("/dev/null", &one, x, &err), RN_OK);
    // A failed write leaves nothing new and the old file as it was.
    temp_write(temp_path(&t, "old", path), "old", 3);
    ck_assert_int_eq(rn_npy_write_f32(path, &(RnShape){.rank = 9}, x, &err), RN_ERR_USAGE);
    ck_assert_int_eq(temp_count(&t), 1);
    if (geteuid() != 0) {
        chmod(path, 0444);
        ck_assert_int_eq(rn_npy_write_f32(path, &one, x, &err), RN_ERR_IO);
        chmod(path, 0644);
    }
    // A symbolic link stays one; its target is replaced.
    char link[128];
    ck_assert_int_eq(symlink(path, temp_path(&t, "link", link)), 0);
    ck_assert_int_eq(rn_npy_write_f32(link, &one, x, &err), RN_OK);
    struct stat info;
    ck_assert(lstat(link, &info) == 0 && S_ISLNK(info.st_mode));
    ck_assert_int_eq(rn_npy_read(path, RN_NPY_FLOAT, &a, NULL), RN_OK);
    rn_npy_free(&a);
    ck_assert_int_eq(temp_count(&t), 2);
    temp_remove(&t);
}
END_TEST

// ---- safetensors
// ---------------------------------------------------------------------------------

// A file in memory: header text and `bytes` bytes of data.
static size_t make_file(unsigned char *out, const char *header, size_t bytes)
{
    size_t n = strlen(header);
    for (size_t i = 0; i < 8; i++) {
        out[i] = (unsigned char)((uint64_t)n >> (8 * i));
    }
    memcpy(out + 8, header, n);
    for (size_t i = 0; i < bytes; i++) {
        out[8 + n + i] = (unsigned char)i;
    }
    return 8 + n + bytes;
}

START_TEST(tensors_read)
{
    unsigned char bytes[1024];
    RnTensorFile *f = NULL;
    size_t n = make_file(bytes,
                         "{\"b\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[8,16]},"
                         "\"__metadata__\":{\"format\":\"pt\"},"
                         "\"a\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},"
                         "\"empty\":{\"dtype\":\"F32\",\"shape\":[0,3],\"data_offsets\":[8,8]}}   ",
                         16);
    ck_assert_int_eq(rn_tensor_file_parse(bytes, n, "w", &f, NULL), RN_OK);
    ck_assert_uint_eq(rn_tensor_file_count(f), 3);
    ck_assert_str_eq(rn_tensor_file_at(f, 0)->name, "a");
    const RnFileTensor *b = rn_tensor_file_find(f, "b");
    ck_assert_ptr_nonnull(b);
    ck_assert_str_eq(b->dtype, "F32");
    ck_assert_uint_eq(b->bytes, 8);
    ck_assert_uint_eq(*(const unsigned char *)b->data, 8);
    ck_assert_ptr_null(rn_tensor_file_find(f, "c"));
    ck_assert_str_eq(rn_tensor_file_meta(f, "format"), "pt");
    ck_assert_ptr_null(rn_tensor_file_meta(f, "nothing"));
    rn_tensor_file_close(f);
    ck_assert_int_eq(rn_tensor_file_parse(bytes, make_file(bytes, "{}", 0), "w", &f, NULL), RN_OK);
    ck_assert_uint_eq(rn_tensor_file_count(f), 0);
    ck_assert_ptr_null(rn_tensor_file_find(f, "a"));
    ck_assert_ptr_null(rn_tensor_file_meta(f, "a"));
    rn_tensor_file_close(f);
    rn_tensor_file_close(NULL);
}
END_TEST

// Events "closed" of a reader that are waiting; openings between keep them apart.
static int count_closed(int watch)
{
    _Alignas(struct inotify_event) char events[4096];
    int closed = 0;
    ssize_t n = read(watch, events, sizeof events), at = 0;
    while (at < n) {
        const struct inotify_event *e = (const struct inotify_event *)(void *)(events + at);
        closed += (e->mask & IN_CLOSE_NOWRITE) != 0;
        at += (ssize_t)(sizeof *e + e->len);
    }
    return closed;
}

// The pipe is opened once: a writer that finds it closed before all is read ends by a signal.
START_TEST(tensors_from_a_pipe)
{
    TempFolder t = temp_folder();
    char path[128];
    unsigned char bytes[256];
    size_t n =
        make_file(bytes, "{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}", 3);
    ck_assert_int_eq(mkfifo(temp_path(&t, "pipe", path), 0600), 0);
    int watch = inotify_init1(IN_NONBLOCK);
    ck_assert_int_ge(inotify_add_watch(watch, path, IN_OPEN | IN_CLOSE_NOWRITE), 0);
    pid_t writer = fork();
    if (writer == 0) {
        int fd = open(path, O_WRONLY);
        _exit(fd >= 0 && write(fd, bytes, n) == (ssize_t)n ? 0 : 1);
    }
    RnTensorFile *f = NULL;
    RnError err = {0};
    ck_assert_msg(rn_tensor_file_open(path, &f, &err) == RN_OK, "%s", err.text);
    ck_assert_uint_eq(rn_tensor_file_find(f, "a")->bytes, 3);
    rn_tensor_file_close(f);
    int status = -1;
    ck_assert_int_eq(waitpid(writer, &status, 0), writer);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(count_closed(watch), 1);
    close(watch);
    temp_remove(&t);
}
END_TEST

static void tensors_refused(const char *header, size_t data, const char *text)
{
    unsigned char bytes[2048];
    RnTensorFile *f = NULL;
    RnError err = {0};
    size_t n = make_file(bytes, header, data);
    ck_assert_int_eq(rn_tensor_file_parse(bytes, n, "w", &f, &err), RN_ERR_INPUT);
    ck_assert_msg(strncmp(err.text, "w: ", 3) == 0 && strstr(err.text, text) != NULL, "%s: %s",
                  header, err.text);
    ck_assert_ptr_null(f);
}

START_TEST(tensors_wrong)
{
#define T(name, dtype, shape, offsets)                                                             \
    "\"" name "\":{\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets "}"
    tensors_refused("", 0, "no JSON object");
    tensors_refused("[]", 0, "no JSON object");
    tensors_refused("{} x", 0, "no JSON object");
    tensors_refused("{" T("a", "F32", "[2]", "[0,8]") ",", 8, "no JSON object");
    tensors_refused("{\"a\":1}", 0, "tensor \"a\" is not {dtype");
    tensors_refused("{\"a\":{\"dtype\":\"F32\",\"shape\":[]}}", 0, "is not {dtype");
    tensors_refused("{" T("a", "F99", "[2]", "[0,8]") "}", 8, "unknown dtype");
    tensors_refused("{" T("a", "F32", "[-2]", "[0,8]") "}", 8, "whole numbers");
    tensors_refused("{" T("a", "F32", "[1.5]", "[0,6]") "}", 6, "whole numbers");
    tensors_refused("{" T("a", "F32", "[1e300]", "[0,8]") "}", 8, "whole numbers");
    tensors_refused("{" T("a", "F32", "[NaN]", "[0,8]") "}", 8, "no JSON object");
    tensors_refused("{" T("a", "F32", "[[[2]]]", "[0,8]") "}", 8, "whole numbers");
    tensors_refused("{" T("a", "F32", "[1,1,1,1,1,1,1,1,2]", "[0,8]") "}", 8, "at most 8");
    tensors_refused("{" T("a", "F32", "[4294967296,4294967296]", "[0,8]") "}", 8,
                    "does not fit its 8 bytes");
    tensors_refused("{" T("a", "F32", "[9007199254740992]", "[0,8]") "}", 8,
                    "does not fit its 8 bytes");
    tensors_refused("{" T("a", "F32", "[3]", "[0,8]") "}", 8, "does not fit its 8 bytes");
    tensors_refused("{" T("a", "F32", "[2]", "[0,8]") "}", 7, "outside the file's 7 bytes");
    tensors_refused("{" T("a", "F32", "[2]", "[8,0]") "}", 8, "outside the file's 8 bytes");
    tensors_refused("{" T("a", "F32", "[2]", "[0,8,9]") "}", 8, "outside the file's 8 bytes");
    tensors_refused("{" T("a", "F32", "[2]", "[0,8]") "}", 9,
                    "1 bytes at the end belong to no tensor");
    tensors_refused("{" T("a", "F32", "[1]", "[4,8]") "}", 8, "leaves a gap before it");
    tensors_refused("{" T("a", "F32", "[2]", "[0,8]") "," T("b", "F32", "[2]", "[4,12]") "}", 12,
                    "overlaps another");
    tensors_refused("{" T("a", "F32", "[1]", "[0,4]") "," T("a", "F32", "[1]", "[4,8]") "}", 8,
                    "\"a\" appears twice");
    tensors_refused("{\"__metadata__\":3}", 0, "__metadata__ is not an object");
    tensors_refused("{\"__metadata__\":{\"a\":3}}", 0, "not text");
    tensors_refused("{\"__metadata__\":{},\"__metadata__\":{}}", 0, "__metadata__ appears twice");
#undef T
    char deep[2000] = "{\"a\":";
    for (size_t i = strlen(deep); i < 1900; i++) {
        deep[i] = '[';
    }
    tensors_refused(deep, 0, "no JSON object");
    RnTensorFile *f;
    RnError err;
    ck_assert_int_eq(rn_tensor_file_parse("\x05\0\0\0\0\0\0\0{}", 10, "w", &f, &err), RN_ERR_INPUT);
    ck_assert_int_eq(rn_tensor_file_parse("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF{}", 10, "w", &f, &err),
                     RN_ERR_INPUT);
    ck_assert_int_eq(rn_tensor_file_parse("\x02\0\0", 3, "w", &f, &err), RN_ERR_INPUT);
    ck_assert_str_eq(err.text, "w: not a safetensors file, or truncated: no whole header");
    ck_assert_int_eq(rn_tensor_file_parse(NULL, 0, "w", &f, &err), RN_ERR_INPUT);
}
END_TEST

START_TEST(tensors_written_and_read)
{
    TempFolder t = temp_folder();
    char path[128];
    temp_path(&t, "w.safetensors", path);
    const float a[6] = {1, 2, 3, 4, 5, 6};
    const int64_t n = -3;
    const RnFileTensor tensors[] = {
        {.name = "layer1.0.conv1.weight",
         .dtype = "F32",
         .shape = {2, {2, 3}},
         .data = a,
         .bytes = sizeof a},
        {.name = "a \"quoted\" name \xC3\xA9", .dtype = "I64", .data = &n, .bytes = sizeof n},
    };
    const RnFileMeta meta[] = {{"format", "pt"}, {"text", "line\n\"x\""}};
    ck_assert_int_eq(rn_tensor_file_write(path, tensors, 2, meta, 2, NULL), RN_OK);
    RnTensorFile *f = NULL;
    ck_assert_int_eq(rn_tensor_file_open(path, &f, NULL), RN_OK);
    ck_assert_uint_eq(rn_tensor_file_count(f), 2);
    ck_assert_str_eq(rn_tensor_file_path(f), path);
    for (int i = 0; i < 2; i++) {
        const RnFileTensor *r = rn_tensor_file_find(f, tensors[i].name);
        ck_assert_ptr_nonnull(r);
        ck_assert_str_eq(r->dtype, tensors[i].dtype);
        ck_assert_uint_eq(r->shape.rank, tensors[i].shape.rank);
        ck_assert_int_eq(memcmp(r->data, tensors[i].data, r->bytes), 0);
    }
    ck_assert_str_eq(rn_tensor_file_meta(f, "text"), "line\n\"x\"");
    rn_tensor_file_close(f);
    RnError err;
    RnFileTensor twice[2] = {tensors[0], tensors[0]};
    ck_assert_int_eq(rn_tensor_file_write(path, twice, 2, NULL, 0, &err), RN_ERR_USAGE);
    twice[0].bytes = 20;
    ck_assert_int_eq(rn_tensor_file_write(path, twice, 1, NULL, 0, &err), RN_ERR_USAGE);
    ck_assert_int_eq(rn_tensor_file_write("/dev/full", tensors, 2, NULL, 0, &err), RN_ERR_IO);
    ck_assert_int_eq(rn_tensor_file_write(path, NULL, 0, NULL, 0, &err), RN_OK);
    ck_assert_int_eq(temp_count(&t), 1);
    temp_remove(&t);
}
END_TEST

START_TEST(shape_texts)
{
    char text[16];
    ck_assert_str_eq(rn_shape_text(&(RnShape){0}, text, sizeof text), "[]");
    ck_assert_str_eq(rn_shape_text(&(RnShape){2, {2, 30}}, text, sizeof text), "[2, 30]");
    ck_assert_str_eq(rn_shape_text(&(RnShape){3, {123456, 234567, 345678}}, text, sizeof text),
                     "[123456, 234567");
    ck_assert_str_eq(rn_shape_text(&(RnShape){0}, text, 1), "");
}
END_TEST

static int allocations_left;

static void *failing_malloc(size_t bytes)
{
    return allocations_left-- > 0 ? malloc(bytes) : NULL;
}

// However early the memory for a header ends, the file is not said to be wrong.
START_TEST(memory_is_not_the_files_fault)
{
    TempFolder folder = temp_folder();
    char path[128];
    static const float x[2] = {1, 2};
    const RnFileTensor list[] = {
        {.name = "a", .dtype = "F32", .shape = {1, {2}}, .data = x, .bytes = sizeof x},
        {.name = "b", .dtype = "F32", .shape = {0}, .data = x, .bytes = 4}};
    const RnFileMeta meta[] = {{"key", "some \"value\""}};
    ck_assert_int_eq(rn_tensor_file_write(temp_path(&folder, "w", path), list, 2, meta, 1, NULL),
                     RN_OK);
    cJSON_Hooks hooks = {.malloc_fn = failing_malloc, .free_fn = free};
    int failures = 0;
    for (int n = 0;; n++) {
        RnTensorFile *file = NULL;
        RnError err = {0};
        allocations_left = n;
        cJSON_InitHooks(&hooks);
        RnStatus status = rn_tensor_file_open(path, &file, &err);
        cJSON_InitHooks(NULL);
        if (status == RN_OK) {
            rn_tensor_file_close(file);
            break;
        }
        failures++;
        ck_assert_int_eq(status, RN_ERR_MEMORY);
        ck_assert_ptr_nonnull(strstr(err.text, "out of memory"));
    }
    ck_assert_int_gt(failures, 10);
    temp_remove(&folder);
}
END_TEST

// What tells a text that is no JSON from memory that ran out.
START_TEST(json_texts)
{
    static const char *const good[] = {"{}", " [1, -2.5e+3, \"a\\\"b\", {\"k\": [null, true]}] \n",
                                       "0", "\"\"", "{\"a\": {}, \"b\": false}"};
    static const char *const bad[] = {"",       "{",   "{]",          "[1,]", "{\"a\" 1}",
                                      "{a: 1}", "nul", "1 2",         "\"a",  "[1 2]",
                                      "-",      "1.",  "{\"a\": 1,}", "\"a\\"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        ck_assert_msg(rni_json_valid(good[i], strlen(good[i])), "%s", good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_msg(!rni_json_valid(bad[i], strlen(bad[i])), "%s", bad[i]);
    }
    char deep[3000];
    memset(deep, '[', sizeof deep);
    ck_assert(!rni_json_valid(deep, sizeof deep));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tensor_io");
    TCase *tc = tcase_create("tensor_io");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, npy_floats);
    tcase_add_test(tc, npy_integers);
    tcase_add_test(tc, npy_wrong_headers);
    tcase_add_test(tc, npy_written_and_read);
    tcase_add_test(tc, system_errors);
    tcase_add_test(tc, tensors_read);
    tcase_add_test(tc, tensors_from_a_pipe);
    tcase_add_test(tc, tensors_wrong);
    tcase_add_test(tc, tensors_written_and_read);
    tcase_add_test(tc, memory_is_not_the_files_fault);
    tcase_add_test(tc, json_texts);
    tcase_add_test(tc, shape_texts);
    suite_add_tcase(suite, tc);
    return check_run(suite);
}
