/* Little-endian numbers out of bytes, whatever the machine: the reverse of a buffer's puts. For readers
 * that have checked that the bytes are there. Compilers make one load of each. */
#ifndef TP_LOAD_H
#define TP_LOAD_H

#include <stdint.h>
#include <string.h>

static inline uint16_t tp_load_u16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline uint32_t tp_load_u32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static inline uint64_t tp_load_u64(const uint8_t *bytes)
{
    return tp_load_u32(bytes) | (uint64_t)tp_load_u32(bytes + 4) << 32;
}

static inline double tp_load_f64(const uint8_t *bytes)
{
    uint64_t bits = tp_load_u64(bytes);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

#endif
