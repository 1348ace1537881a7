// json_text.c: parses JSON; when cJSON gives nothing, reads the text once more without allocating,
// because cJSON does not say whether the text or the memory was at fault.
#include "tensors/json_text.h"

#include <string.h>

typedef struct Scan {
    const char *at, *end;
    unsigned depth;
} Scan;

static bool scan_value(Scan *s);

static void skip_blanks(Scan *s)
{
    while (s->at < s->end &&
           (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t')) {
        s->at++;
    }
}

static bool take(Scan *s, char c)
{
    if (s->at < s->end && *s->at == c) {
        s->at++;
        return true;
    }
    return false;
}

static bool take_word(Scan *s, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(s->end - s->at) < n || memcmp(s->at, word, n) != 0) {
        return false;
    }
    s->at += n;
    return true;
}

static bool scan_string(Scan *s)
{
    if (!take(s, '"')) {
        return false;
    }
    while (s->at < s->end && *s->at != '"') {
        s->at += *s->at == '\\' && s->at + 1 < s->end ? 2 : 1;
    }
    return take(s, '"');
}

static bool scan_digits(Scan *s)
{
    const char *from = s->at;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9') {
        s->at++;
    }
    return s->at > from;
}

static bool scan_number(Scan *s)
{
    (void)take(s, '-');
    bool ok = scan_digits(s);
    if (ok && take(s, '.')) {
        ok = scan_digits(s);
    }
    if (ok && (take(s, 'e') || take(s, 'E'))) {
        if (!take(s, '-')) {
            (void)take(s, '+');
        }
        ok = scan_digits(s);
    }
    return ok;
}

// Values, with names before them in an object, until the closing bracket.
static bool scan_list(Scan *s, char close)
{
    skip_blanks(s);
    if (take(s, close)) {
        return true;
    }
    do {
        skip_blanks(s);
        if (close == '}' && (!scan_string(s) || (skip_blanks(s), !take(s, ':')))) {
            return false;
        }
        skip_blanks(s);
        if (!scan_value(s)) {
            return false;
        }
        skip_blanks(s);
    } while (take(s, ','));
    return take(s, close);
}

static bool scan_value(Scan *s)
{
    if (s->at == s->end || s->depth >= CJSON_NESTING_LIMIT) {
        return false;
    }
    s->depth++;
    bool ok;
    if (take(s, '{')) {
        ok = scan_list(s, '}');
    } else if (take(s, '[')) {
        ok = scan_list(s, ']');
    } else if (*s->at == '"') {
        ok = scan_string(s);
    } else {
        ok =
            take_word(s, "true") || take_word(s, "false") || take_word(s, "null") || scan_number(s);
    }
    s->depth--;
    return ok;
}

bool rni_json_valid(const char *text, size_t length)
{
    Scan s = {.at = text, .end = text + length};
    skip_blanks(&s);
    bool ok = scan_value(&s);
    skip_blanks(&s);
    return ok && s.at == s.end;
}

RnStatus rni_json_parse(const char *text, size_t length, cJSON **out)
{
    const char *end = NULL;
    *out = cJSON_ParseWithLengthOpts(text, length, &end, false);
    if (*out == NULL) {
        return rni_json_valid(text, length) ? RN_ERR_MEMORY : RN_ERR_INPUT;
    }
    while (end < text + length && (*end == ' ' || *end == '\n')) {
        end++;
    }
    if (end == text + length) {
        return RN_OK;
    }
    cJSON_Delete(*out);
    *out = NULL;
    return RN_ERR_INPUT;
}
