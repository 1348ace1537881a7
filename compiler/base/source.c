// source.c: the set of source texts of a compilation, and places in them.
#include "base/source.h"

uint32_t source_add(SourceSet *s, const char *path, const char *text, size_t bytes)
{
    uint32_t lines = 1;
    for (size_t i = 0; i < bytes; i++) {
        lines += text[i] == '\n';
    }
    uint32_t *starts = ARENA_ARRAY(s->arena, uint32_t, lines);
    uint32_t line = 1;
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] == '\n') {
            starts[line++] = (uint32_t)i + 1;
        }
    }
    SourceFile file = {
        .path = arena_strdup(s->arena, path),
        .text = text,
        .bytes = bytes,
        .line_start = starts,
        .line_count = lines,
    };
    VEC_PUSH(s->arena, &s->files, file);
    return s->files.count;
}

const SourceFile *source_file(const SourceSet *s, uint32_t file)
{
    return file && file <= s->files.count ? &s->files.at[file - 1] : NULL;
}

void source_locate(const SourceSet *s, uint32_t file, uint32_t byte, uint32_t *line, uint32_t *col)
{
    const SourceFile *f = source_file(s, file);
    *line = *col = 0;
    if (!f) {
        return;
    }
    uint32_t low = 0, high = f->line_count; // the line lies in [low, high)
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (f->line_start[middle] <= byte) {
            low = middle;
        } else {
            high = middle;
        }
    }
    *line = low + 1;
    *col = byte - f->line_start[low] + 1;
}

SrcRange src_join(SrcRange a, SrcRange b)
{
    if (!a.file) {
        return b;
    }
    if (!b.file || b.file != a.file) {
        return a;
    }
    return (SrcRange){
        .file = a.file,
        .begin = a.begin < b.begin ? a.begin : b.begin,
        .end = a.end > b.end ? a.end : b.end,
    };
}

size_t utf8_length(const char *text, size_t n)
{
    const unsigned char *s = (const unsigned char *)text;
    if (!n || s[0] < 0x80) {
        return n && s[0] != 0;
    }
    size_t length = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || length > n) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((s[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool beyond = (s[0] == 0xf4 && s[1] > 0x8f) || (s[0] == 0xed && s[1] > 0x9f);
    return overlong || beyond ? 0 : length;
}
