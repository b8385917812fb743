#include "push_grpc.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FRAME_HEAD ((size_t)5)
#define IS_TRAILER 0x80

void tp_grpc_put_frame(FILE *out, uint32_t size)
{
    putc(0, out);
    for (int shift = 24; shift >= 0; shift -= 8)
        putc((int)(size >> shift & 0xFF), out);
}

void tp_grpc_put_field(FILE *out, unsigned number, size_t size)
{
    putc((int)(number << 3 | 2), out);
    for (; size >= 0x80; size >>= 7)
        putc((int)(size & 0x7F) | 0x80, out);
    putc((int)size, out);
}

size_t tp_grpc_field_size(size_t size)
{
    size_t all = 2 + size;
    for (size_t left = size; left >= 0x80; left >>= 7)
        all++;
    return all;
}

/* The value of a line "name: value"; NULL: it is another. */
static const char *value_of(const char *line, size_t size, const char *name, size_t *length)
{
    size_t before = strlen(name);
    if (size <= before || strncasecmp(line, name, before) != 0 || line[before] != ':')
        return NULL;
    const char *at = line + before + 1, *end = line + size;
    while (at < end && *at == ' ')
        at++;
    *length = (size_t)(end - at);
    return at;
}

/* -1 for what is no number of a status. */
static long number_of(const char *digits, size_t size)
{
    long number = 0;
    for (size_t i = 0; i < size; i++) {
        if (digits[i] < '0' || digits[i] > '9' || i > 3)
            return -1;
        number = number * 10 + (digits[i] - '0');
    }
    return size > 0 ? number : -1;
}

static void read_lines(tp_grpc_end *end, const char *text, size_t size)
{
    for (size_t at = 0, stop; at < size; at = stop + 1) {
        for (stop = at; stop < size && text[stop] != '\n';)
            stop++;
        size_t line = stop - at, length;
        line -= line > 0 && text[at + line - 1] == '\r';
        const char *value = value_of(text + at, line, "grpc-status", &length);
        if (value != NULL)
            end->status = number_of(value, length);
        value = value_of(text + at, line, "grpc-message", &length);
        if (value != NULL) {
            end->message = value;
            end->size = length;
        }
    }
}

static uint32_t read_size(const char *bytes)
{
    uint32_t size = 0;
    for (int i = 0; i < 4; i++)
        size = size << 8 | (unsigned char)bytes[i];
    return size;
}

/* The status stands in the last frame, or, where nothing was to be said, in the head. */
void tp_grpc_read_end(tp_grpc_end *end, const tp_answer *answer)
{
    *end = (tp_grpc_end){ .status = -1, .message = "" };
    read_lines(end, answer->grpc, answer->grpc_size);
    for (size_t at = 0; answer->size - at >= FRAME_HEAD;) {
        int is_trailer = (unsigned char)answer->text[at] == IS_TRAILER;
        size_t size = read_size(answer->text + at + 1);
        at += FRAME_HEAD;
        if (size > answer->size - at)
            return;
        if (is_trailer)
            read_lines(end, answer->text + at, size);
        at += size;
    }
}
