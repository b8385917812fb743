/* gRPC-Web over plain HTTP/1.1, as far as one call without streams needs it: a frame with a message there,
 * frames and a status back (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md). */
#ifndef TP_PUSH_GRPC_H
#define TP_PUSH_GRPC_H

#include <stdint.h>
#include <stdio.h>

#include "push_http.h"

#define TP_GRPC_TYPE "application/grpc-web+proto"

/* What the call came to. */
typedef struct tp_grpc_end {
    long status;         /* gRPC's, 0 being success; -1: the answer tells none */
    const char *message; /* Borrowed from the answer; the server's words, in no way checked */
    size_t size;
} tp_grpc_end;

void tp_grpc_read_end(tp_grpc_end *end, const tp_answer *answer);

/* The five bytes before a message. */
void tp_grpc_put_frame(FILE *out, uint32_t size);

/* A field of a protocol buffer that is bytes, text or a message: what stands before them, and how long
 * both are together. Numbers below 16. */
void tp_grpc_put_field(FILE *out, unsigned number, size_t size);
size_t tp_grpc_field_size(size_t size);

#endif
