/* SHA-256 (FIPS 180-4) and base64 (RFC 4648): what a content security policy names scripts by. */
#ifndef TP_SHA256_H
#define TP_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define TP_SHA256_SIZE 32
#define TP_SHA256_BASE64_SIZE 44

void tp_sha256(uint8_t digest[TP_SHA256_SIZE], const uint8_t *bytes, size_t size);

/* The digest in base64, padded; no NUL at its end. */
void tp_sha256_base64(char text[TP_SHA256_BASE64_SIZE], const uint8_t digest[TP_SHA256_SIZE]);

#endif
