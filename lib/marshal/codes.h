/* Type codes of Python's marshal format, versions 0 to 6 (CPython, Python/marshal.c). */
#ifndef TP_CODES_H
#define TP_CODES_H

enum {
    TP_CODE_NULL = '0', /* ends a dictionary */
    TP_CODE_NONE = 'N',
    TP_CODE_FALSE = 'F',
    TP_CODE_TRUE = 'T',
    TP_CODE_STOP_ITERATION = 'S',
    TP_CODE_ELLIPSIS = '.',
    TP_CODE_INT = 'i',   /* i32 */
    TP_CODE_INT64 = 'I', /* i64; written by Python 2 only */
    TP_CODE_LONG = 'l',  /* i32 signed digit count, u16 digits of 15 bits */
    TP_CODE_FLOAT = 'f', /* u8 length, decimal text */
    TP_CODE_BINARY_FLOAT = 'g',
    TP_CODE_COMPLEX = 'x',
    TP_CODE_BINARY_COMPLEX = 'y',
    TP_CODE_BYTES = 's',       /* u32 length, bytes */
    TP_CODE_INTERNED = 't',    /* u32 length, UTF-8 */
    TP_CODE_UNICODE = 'u',     /* u32 length, UTF-8 with surrogates passed */
    TP_CODE_ASCII = 'a',       /* u32 length, Latin-1 */
    TP_CODE_ASCII_INTERNED = 'A',
    TP_CODE_SHORT_ASCII = 'z', /* u8 length, Latin-1 */
    TP_CODE_SHORT_ASCII_INTERNED = 'Z',
    TP_CODE_TUPLE = '(',       /* u32 count */
    TP_CODE_SMALL_TUPLE = ')', /* u8 count */
    TP_CODE_LIST = '[',
    TP_CODE_DICT = '{', /* key, value, ... up to a null */
    TP_CODE_SET = '<',
    TP_CODE_FROZENSET = '>',
    TP_CODE_SLICE = ':',      /* three objects; version 5 */
    TP_CODE_FROZENDICT = '}', /* version 6 */
    TP_CODE_CODE = 'c',  /* a code object; see scalar_reader.h */
    TP_CODE_REF = 'r',   /* u32 index */

    /* Added to a code: the object gets the next index, at this byte, before its contents do. */
    TP_FLAG_REF = 0x80
};

#endif
