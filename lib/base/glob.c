#include <traceprof/glob.h>

#include <stdbool.h>
#include <string.h>

#include "pattern_utf8.h"

typedef struct span {
    const char *bytes;
    size_t size;
} span;

/* Where the set ends whose '[' is at `at`; 0: nothing closes it. */
static size_t set_end(span glob, size_t at)
{
    size_t i = at + 1;
    if (i < glob.size && glob.bytes[i] == '!')
        i++;
    if (i < glob.size && glob.bytes[i] == ']')
        i++;
    while (i < glob.size && glob.bytes[i] != ']')
        i++;
    return i < glob.size ? i + 1 : 0;
}

static bool set_has(span glob, size_t at, size_t end, uint32_t code)
{
    size_t i = at + 1, last = end - 1;
    bool negated = glob.bytes[i] == '!', found = false;
    i += negated;
    while (i < last) {
        uint32_t low, high;
        i += tp_utf8_decode(&low, glob.bytes + i, last - i);
        high = low;
        if (i + 1 < last && glob.bytes[i] == '-') {
            i++;
            i += tp_utf8_decode(&high, glob.bytes + i, last - i);
        }
        found |= code >= low && code <= high;
    }
    return found != negated;
}

/* Matches what stands at glob[*g], which is no star, with the character at text[*t]; moves both. */
static bool match_one(span glob, size_t *g, span text, size_t *t)
{
    uint32_t code, wanted;
    size_t length = tp_utf8_decode(&code, text.bytes + *t, text.size - *t);
    size_t end = glob.bytes[*g] == '[' ? set_end(glob, *g) : 0;
    if (end != 0) {
        if (!set_has(glob, *g, end, code))
            return false;
        *g = end;
    } else {
        size_t step = tp_utf8_decode(&wanted, glob.bytes + *g, glob.size - *g);
        if (wanted != '?' && wanted != code)
            return false;
        *g += step;
    }
    *t += length;
    return true;
}

/* Where to try again when the text from `start` on did not match: one character on below a star,
 * behind the next slash before any. text.size + 1: nowhere. */
static size_t next_start(span text, size_t start, bool starred, bool tail)
{
    uint32_t code;
    size_t nowhere = text.size + 1;
    if (start >= text.size || !(starred || tail))
        return nowhere;
    if (starred)
        return start + tp_utf8_decode(&code, text.bytes + start, text.size - start);
    const char *slash = memchr(text.bytes + start, '/', text.size - start);
    return slash == NULL ? nowhere : (size_t)(slash - text.bytes) + 1;
}

/* Only the last star met need be tried again: what stands before it has matched as early as it can,
 * which leaves most to what follows. So it is with the slash that a tail begins behind. */
static bool match(span glob, span text, bool tail)
{
    size_t g = 0, t = 0, glob_again = 0, start = 0;
    bool starred = false;
    for (;;) {
        if (g < glob.size && glob.bytes[g] == '*') {
            starred = true;
            glob_again = ++g;
            start = t;
        } else if (g == glob.size && t == text.size) {
            return true;
        } else if (g == glob.size || t == text.size || !match_one(glob, &g, text, &t)) {
            start = next_start(text, start, starred, tail);
            if (start > text.size)
                return false;
            g = glob_again;
            t = start;
        }
    }
}

int tp_glob_match(const char *glob, size_t glob_size, const char *text, size_t size)
{
    return match((span){ glob, glob_size }, (span){ text, size }, false);
}

int tp_glob_match_path(const char *glob, size_t glob_size, const char *path, size_t size)
{
    return match((span){ glob, glob_size }, (span){ path, size }, true);
}
