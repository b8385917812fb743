/* What re asks of Unicode: letters, digits, spaces and case. The tables are those of Unicode 17. */
#ifndef TP_PATTERN_UNICODE_H
#define TP_PATTERN_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* \w, \d and \s. Code points that Unicode 17 has not assigned may count as words. */
bool tp_unicode_is_word(uint32_t code_point);
bool tp_unicode_is_digit(uint32_t code_point);
bool tp_unicode_is_space(uint32_t code_point);

/* One code point for all that (?i) takes for the same. */
uint32_t tp_unicode_fold(uint32_t code_point);

#define TP_CASE_VARIANTS 8

/* All code points that fold as this one does, itself among them; gives how many. */
size_t tp_unicode_variants(uint32_t variants[TP_CASE_VARIANTS], uint32_t code_point);

#endif
