/* A stream into memory that knows when it lost something. */
#ifndef TP_COLLECTOR_H
#define TP_COLLECTOR_H

#include <stdio.h>

typedef struct tp_collector {
    FILE *stream; /* Owned; buffered, so that the text is whole only once it is closed */
    char *text;   /* Owned. */
    size_t size;
    size_t room;
    int lost; /* not 0: memory was exhausted, and some of what was written is gone */
} tp_collector;

/* 0, or not 0: memory is exhausted. The collector must stay where it is. */
int tp_collector_open(tp_collector *collector);

/* Ends the writing. 0: all of it is in text[0 .. size - 1]; `text` is not NULL even if that is none. */
int tp_collector_close(tp_collector *collector);

void tp_collector_free(tp_collector *collector);

#endif
