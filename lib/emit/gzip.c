/* One deflate block with the fixed codes: matches are found through a table of the last place at which
 * three bytes were seen, and a chain from there to the places before. */
#include "gzip.h"

#include <string.h>

#include "memory.h"

#define WINDOW 32768u
#define HASH_BITS 15
#define LEAST_MATCH 3
#define MOST_MATCH 258
#define MOST_TRIES 32
#define NOWHERE UINT32_MAX

typedef struct deflater {
    tp_buffer *out;
    const uint8_t *bytes;
    size_t size;
    uint32_t *heads;  /* Owned; by hash: the last place, modulo 2^32 */
    uint32_t *chains; /* Owned; by place in the window: the one before it with that hash */
    uint64_t bits;
    unsigned bit_count;
} deflater;

static void put_bits(deflater *d, uint32_t value, unsigned count)
{
    d->bits |= (uint64_t)value << d->bit_count;
    d->bit_count += count;
    while (d->bit_count >= 8) {
        tp_buffer_put_u8(d->out, (uint8_t)d->bits);
        d->bits >>= 8;
        d->bit_count -= 8;
    }
}

/* Huffman codes begin with their highest bit, all else with its lowest. */
static void put_code(deflater *d, uint32_t code, unsigned count)
{
    uint32_t turned = 0;
    for (unsigned i = 0; i < count; i++)
        turned |= (code >> i & 1) << (count - 1 - i);
    put_bits(d, turned, count);
}

/* RFC 1951, 3.2.6. */
static void put_symbol(deflater *d, uint32_t symbol)
{
    if (symbol < 144)
        put_code(d, 0x30 + symbol, 8);
    else if (symbol < 256)
        put_code(d, 0x190 + symbol - 144, 9);
    else if (symbol < 280)
        put_code(d, symbol - 256, 7);
    else
        put_code(d, 0xC0 + symbol - 280, 8);
}

/* Lengths and distances are numbers with so many extra bits each (3.2.5): after the first, `step` codes
 * share a count of bits, which then grows by one. */
static unsigned log_code(uint32_t value, unsigned per_bit, uint32_t *extra, unsigned *extra_bits)
{
    unsigned bits = 0, width = per_bit == 4 ? 2 : 1;
    while (value >> (bits + width) > 1)
        bits++;
    *extra_bits = bits;
    *extra = value & ((1u << bits) - 1);
    return bits * per_bit + (value >> bits);
}

static void put_match(deflater *d, uint32_t length, uint32_t distance)
{
    uint32_t extra;
    unsigned bits, code;
    if (length == MOST_MATCH) {
        put_symbol(d, 285);
    } else {
        code = log_code(length - LEAST_MATCH, 4, &extra, &bits);
        put_symbol(d, 257 + code);
        put_bits(d, extra, bits);
    }
    code = log_code(distance - 1, 2, &extra, &bits);
    put_code(d, code, 5);
    put_bits(d, extra, bits);
}

static uint32_t hash_at(const uint8_t *at)
{
    uint32_t three = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16;
    return three * 2654435761u >> (32 - HASH_BITS);
}

/* Places are kept modulo 2^32; distances up to the window's size come out right all the same. */
static void note(deflater *d, size_t at)
{
    if (at + LEAST_MATCH > d->size)
        return;
    uint32_t hash = hash_at(d->bytes + at);
    d->chains[at % WINDOW] = d->heads[hash];
    d->heads[hash] = (uint32_t)at;
}

static uint32_t common(const uint8_t *a, const uint8_t *b, size_t most)
{
    uint32_t length = 0;
    while (length < most && a[length] == b[length])
        length++;
    return length;
}

/* The longest match before `at`; 0: none. */
static uint32_t find_match(const deflater *d, size_t at, uint32_t *distance)
{
    uint32_t best = 0, last = 0;
    size_t most = d->size - at < MOST_MATCH ? d->size - at : MOST_MATCH;
    if (most < LEAST_MATCH)
        return 0;
    uint32_t place = d->heads[hash_at(d->bytes + at)];
    for (int tries = 0; tries < MOST_TRIES && place != NOWHERE; tries++) {
        uint32_t back = (uint32_t)at - place;
        if (back <= last || back > WINDOW || back > at)
            break; /* the chain has been overwritten */
        uint32_t length = common(d->bytes + at, d->bytes + at - back, most);
        if (length > best) {
            best = length;
            *distance = back;
        }
        if (best == most)
            break;
        last = back;
        place = d->chains[place % WINDOW];
    }
    return best >= LEAST_MATCH ? best : 0;
}

static void deflate(deflater *d)
{
    memset(d->heads, 0xFF, sizeof *d->heads << HASH_BITS);
    memset(d->chains, 0xFF, sizeof *d->chains * WINDOW);
    put_bits(d, 1, 1); /* the last block */
    put_bits(d, 1, 2); /* with the fixed codes */
    for (size_t at = 0; at < d->size;) {
        uint32_t distance = 0, length = find_match(d, at, &distance);
        if (length == 0) {
            put_symbol(d, d->bytes[at]);
            length = 1;
        } else {
            put_match(d, length, distance);
        }
        for (size_t end = at + length; at < end; at++)
            note(d, at);
    }
    put_symbol(d, 256);
    put_bits(d, 0, (8 - d->bit_count) % 8);
}

static uint32_t checksum(const uint8_t *bytes, size_t size)
{
    static const uint32_t of_nibble[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
        0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    uint32_t sum = UINT32_MAX;
    for (size_t i = 0; i < size; i++) {
        sum = of_nibble[(sum ^ bytes[i]) & 15] ^ sum >> 4;
        sum = of_nibble[(sum ^ (uint32_t)bytes[i] >> 4) & 15] ^ sum >> 4;
    }
    return ~sum;
}

void tp_gzip(tp_buffer *out, const uint8_t *bytes, size_t size)
{
    static const uint8_t head[] = { 0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF };
    deflater d = { .out = out, .bytes = bytes, .size = size };
    d.heads = tp_alloc(out->allocator, (size_t)1 << HASH_BITS, sizeof *d.heads);
    d.chains = tp_alloc(out->allocator, WINDOW, sizeof *d.chains);
    if (d.heads == NULL || d.chains == NULL) {
        tp_buffer_fail(out, TP_ENOMEM);
    } else {
        tp_buffer_put(out, head, sizeof head);
        deflate(&d);
        tp_buffer_put_u32(out, checksum(bytes, size));
        tp_buffer_put_u32(out, (uint32_t)size);
    }
    tp_free(out->allocator, d.heads);
    tp_free(out->allocator, d.chains);
}
