/* UTF-8 as the library has it: lone surrogates are three bytes, and a byte that belongs to no valid
 * sequence is a code point of its own, beyond Unicode's. */
#ifndef TP_PATTERN_UTF8_H
#define TP_PATTERN_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define TP_CODE_POINTS 0x110000 /* Unicode ends here; a stray byte b is TP_CODE_POINTS + b. */

/* The code point at `text`, of which `size` > 0 bytes are left; gives the bytes it takes. */
size_t tp_utf8_decode(uint32_t *code_point, const char *text, size_t size);

/* The code point that ends just before text[at], at > 0, as reading from the beginning has it. */
uint32_t tp_utf8_before(const char *text, size_t at);

/* Writes up to four bytes; gives how many. */
size_t tp_utf8_encode(char bytes[4], uint32_t code_point);

#endif
