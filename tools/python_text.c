#include "python_text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Larger texts of digits Python refuses: sys.get_int_max_str_digits(). */
#define MAX_DIGITS 4300

/* What Python's "surrogateescape" adds to a byte that is no UTF-8. */
#define ESCAPE 0xDC00u

/* Reads one code point at `text`, which is not at its NUL; gives its size. */
static size_t decode(uint32_t *point, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
    size_t size = at[0] < 0x80 ? 1 : at[0] < 0xC0 ? 0 : at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    uint32_t value = size == 1 ? at[0] : (uint32_t)at[0] & (0x7Fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xC0) != 0x80) /* its NUL is none either */
            size = 0;
        else
            value = value << 6 | (at[i] & 0x3F);
    }
    if (size == 0 || value < least[size] || value > 0x10FFFF || at[0] >= 0xF8) {
        *point = ESCAPE + at[0];
        return 1;
    }
    *point = value;
    return size;
}

static int is_blank(uint32_t point)
{
    return (point >= 9 && point <= 13) || (point >= 28 && point <= 32) || point == 0x85 ||
           point == 0xA0 || point == 0x1680 || (point >= 0x2000 && point <= 0x200A) ||
           point == 0x2028 || point == 0x2029 || point == 0x202F || point == 0x205F ||
           point == 0x3000;
}

char *tp_python_decode(const char *text, size_t size)
{
    char *decoded = malloc(3 * size + 1), *to = decoded;
    for (const char *at = text; decoded != NULL && at < text + size;) {
        uint32_t point;
        size_t used = decode(&point, at);
        if (used == 1 && point >= ESCAPE) {
            *to++ = (char)0xED;
            *to++ = (char)(0x80 | (point >> 6 & 0x3F));
            *to++ = (char)(0x80 | (point & 0x3F));
        } else {
            memcpy(to, at, used);
            to += used;
        }
        at += used;
    }
    if (decoded != NULL)
        *to = '\0';
    return decoded;
}

/* Behind the blanks, or behind what is not blank. */
static const char *skip(const char *at, int blanks)
{
    while (*at != '\0') {
        uint32_t point;
        size_t size = decode(&point, at);
        if (is_blank(point) != blanks)
            break;
        at += size;
    }
    return at;
}

const char *tp_python_word(const char **at, size_t *size)
{
    const char *word = skip(*at, 1);
    *at = skip(word, 0);
    *size = (size_t)(*at - word);
    return *size > 0 ? word : NULL;
}

const char *tp_python_strip(const char *text, size_t *size)
{
    text = skip(text, 1);
    const char *end = text;
    for (const char *at = text; *at != '\0'; at = skip(end, 1))
        end = skip(at, 0);
    *size = (size_t)(end - text);
    return text;
}

static size_t sign_size(const char *text, size_t size)
{
    return size > 0 && (text[0] == '+' || text[0] == '-');
}

/* Digits with single underscores between them, beginning at `at`; gives where they end. */
static size_t skip_digits(const char *text, size_t size, size_t at)
{
    while (at < size && isdigit((unsigned char)text[at])) {
        at++;
        if (at + 1 < size && text[at] == '_' && isdigit((unsigned char)text[at + 1]))
            at++;
    }
    return at;
}

int tp_python_int(int64_t *value, const char *text, size_t size)
{
    size_t start = sign_size(text, size), digits = 0;
    if (start == size || skip_digits(text, size, start) != size)
        return 0;
    uint64_t sum = 0;
    for (size_t i = start; i < size; i++) {
        if (text[i] == '_')
            continue;
        uint64_t digit = (uint64_t)(text[i] - '0');
        sum = sum > (INT64_MAX - digit) / 10 ? INT64_MAX : sum * 10 + digit;
        digits++;
    }
    *value = text[0] == '-' ? -(int64_t)sum : (int64_t)sum;
    return digits <= MAX_DIGITS;
}

static int is_word(const char *text, size_t size, const char *word)
{
    if (strlen(word) != size)
        return 0;
    for (size_t i = 0; i < size; i++) {
        if (tolower((unsigned char)text[i]) != word[i])
            return 0;
    }
    return 1;
}

/* strtod knows more than Python does (hexadecimal, "nan(1)"), so the form is looked at first. */
static int is_float(const char *text, size_t size)
{
    size_t start = sign_size(text, size);
    const char *body = text + start;
    size_t rest = size - start;
    if (is_word(body, rest, "inf") || is_word(body, rest, "infinity") || is_word(body, rest, "nan"))
        return 1;
    size_t whole = skip_digits(text, size, start), digits = whole - start, at = whole;
    if (at < size && text[at] == '.') {
        at = skip_digits(text, size, at + 1);
        digits += at - whole - 1;
    }
    if (digits == 0)
        return 0;
    if (at < size && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        at += sign_size(text + at, size - at);
        size_t exponent = at;
        at = skip_digits(text, size, at);
        if (at == exponent)
            return 0;
    }
    return at == size;
}

int tp_python_float(double *value, const char *text, size_t size)
{
    if (!is_float(text, size))
        return 0;
    char *plain = malloc(size + 1);
    if (plain == NULL)
        return -1;
    size_t used = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] != '_')
            plain[used++] = text[i];
    }
    plain[used] = '\0';
    *value = strtod(plain, NULL);
    free(plain);
    return 1;
}

/* What str.isprintable denies: controls, formats, surrogates, private use, and blanks. */
static int is_printable(uint32_t point)
{
    static const uint32_t ranges[][2] = {
        { 0x7F, 0xA0 },       { 0xAD, 0xAD },       { 0x600, 0x605 },     { 0x61C, 0x61C },
        { 0x6DD, 0x6DD },     { 0x70F, 0x70F },     { 0x890, 0x891 },     { 0x8E2, 0x8E2 },
        { 0x1680, 0x1680 },   { 0x180E, 0x180E },   { 0x2000, 0x200F },   { 0x2028, 0x202F },
        { 0x205F, 0x206F },   { 0x3000, 0x3000 },   { 0xD800, 0xF8FF },   { 0xFDD0, 0xFDEF },
        { 0xFEFF, 0xFEFF },   { 0xFFF0, 0xFFFB },   { 0xFFFE, 0xFFFF },   { 0x110BD, 0x110BD },
        { 0x110CD, 0x110CD }, { 0x13430, 0x1343F }, { 0x1BCA0, 0x1BCA3 }, { 0x1D173, 0x1D17A },
        { 0xE0000, 0xE00FF }, { 0xE01F0, UINT32_MAX },
    };
    if (point < 0x20)
        return 0;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges && ranges[i][0] <= point; i++) {
        if (point <= ranges[i][1])
            return 0;
    }
    return 1;
}

static void put_escape(FILE *out, uint32_t point)
{
    if (point == '\t' || point == '\n' || point == '\r')
        fprintf(out, "\\%c", point == '\t' ? 't' : point == '\n' ? 'n' : 'r');
    else if (point < 0x100)
        fprintf(out, "\\x%02x", (unsigned)point);
    else
        fprintf(out, point < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)point);
}

void tp_python_put_repr(FILE *out, const char *text)
{
    char quote = strchr(text, '\'') != NULL && strchr(text, '"') == NULL ? '"' : '\'';
    putc(quote, out);
    while (*text != '\0') {
        uint32_t point;
        size_t size = decode(&point, text);
        if (point == (unsigned char)quote || point == '\\')
            putc('\\', out);
        if (is_printable(point))
            fwrite(text, 1, size, out);
        else
            put_escape(out, point);
        text += size;
    }
    putc(quote, out);
}

void tp_python_put_float(FILE *out, double value)
{
    char text[40];
    int digits = 0;
    do
        snprintf(text, sizeof text, "%.*g", ++digits, value);
    while (digits < 17 && strtod(text, NULL) != value);
    fputs(text, out);
    if (strpbrk(text, ".e") == NULL)
        fputs(".0", out);
}
