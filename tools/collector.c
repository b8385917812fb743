/* open_memstream would do, if glibc's did not drop what it finds no memory for without a word: neither
 * ferror nor fclose tells. */
#define _GNU_SOURCE
#define _DARWIN_C_SOURCE
#include "collector.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/types.h>

#define FIRST_ROOM ((size_t)4096)

static int reserve(tp_collector *c, size_t more)
{
    size_t wanted = c->room == 0 ? FIRST_ROOM : c->room;
    while (wanted - c->size < more) {
        if (wanted > SIZE_MAX / 2)
            return -1;
        wanted *= 2;
    }
    char *text = wanted > c->room ? realloc(c->text, wanted) : c->text;
    if (text == NULL)
        return -1;
    c->text = text;
    c->room = wanted;
    return 0;
}

/* What comes behind a loss is dropped too: text with a gap would be worse than none. */
static int collect(tp_collector *c, const char *bytes, size_t size)
{
    c->lost = c->lost || reserve(c, size) != 0;
    if (c->lost)
        return -1;
    memcpy(c->text + c->size, bytes, size);
    c->size += size;
    return 0;
}

#ifdef BSD /* says sys/param.h, there and on macOS */
static int put(void *collector, const char *bytes, int size)
{
    return collect(collector, bytes, (size_t)size) == 0 ? size : -1;
}

static FILE *open_stream(tp_collector *c)
{
    return funopen(c, NULL, put, NULL, NULL);
}
#else
static ssize_t put(void *collector, const char *bytes, size_t size)
{
    return collect(collector, bytes, size) == 0 ? (ssize_t)size : 0;
}

static FILE *open_stream(tp_collector *c)
{
    return fopencookie(c, "w", (cookie_io_functions_t){ .write = put });
}
#endif

int tp_collector_open(tp_collector *c)
{
    *c = (tp_collector){ .stream = NULL };
    if (reserve(c, 1) == 0)
        c->stream = open_stream(c);
    if (c->stream == NULL)
        tp_collector_free(c);
    return c->stream == NULL;
}

int tp_collector_close(tp_collector *c)
{
    int failed = ferror(c->stream);
    failed |= fclose(c->stream) != 0;
    c->stream = NULL;
    return failed || c->lost;
}

void tp_collector_free(tp_collector *c)
{
    if (c->stream != NULL)
        fclose(c->stream);
    free(c->text);
    *c = (tp_collector){ .stream = NULL };
}
