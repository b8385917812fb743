/* Bytes as a gzip file (RFC 1951, 1952). Written here rather than taken from zlib so that neither the
 * library nor the Python package needs one at run time, and so that the bytes are the same everywhere. */
#ifndef TP_GZIP_H
#define TP_GZIP_H

#include "buffer.h"

/* Appends the whole file to `out`, whose status tells of failure. No name and no time are in it. */
void tp_gzip(tp_buffer *out, const uint8_t *bytes, size_t size);

#endif
