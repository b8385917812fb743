/* Text as characters: decoding UTF-8, and showing what must not reach a terminal as it is. */
#ifndef TP_CHARACTERS_H
#define TP_CHARACTERS_H

#include <stddef.h>
#include <stdint.h>

/* Room for one character in its visible form, with the NUL. */
#define TP_VISIBLE_ROOM 12

/* The first character of `size` > 0 bytes; gives how many bytes it has. A byte that belongs to no
 * character counts as one of its own, above all of Unicode. */
size_t tp_character_next(uint32_t *code, const char *bytes, size_t size);

/* The same character as a line of text may show it: control characters, those that turn the
 * direction of writing, lone surrogates and stray bytes as "\n", "\x1b", "\u202e". What it writes
 * is valid UTF-8, and valid in XML. */
size_t tp_character_show(char shown[TP_VISIBLE_ROOM], const char *bytes, size_t size);

#endif
