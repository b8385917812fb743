#include "page_text.h"

#include <string.h>

#include "pattern_utf8.h"
#include "spell.h"

/* Whether a code point may stand in JSON and in HTML as it is. U+2028 and U+2029 end lines to some
 * readers. */
static int is_plain(uint32_t code)
{
    if (code < 0x80)
        return code >= 0x20 && code != 0x7f && strchr("\"\\<>&", (int)code) == NULL;
    return code >= 0xa0 && (code < 0xd800 || code > 0xdfff) && code != 0x2028 && code != 0x2029 &&
           code != 0xfeff && code < TP_CODE_POINTS;
}

static void put_escape(tp_buffer *buffer, uint32_t code)
{
    static const char digits[] = "0123456789abcdef";
    char text[6] = { '\\', 'u' };
    if (code >= TP_CODE_POINTS)
        code = 0xfffd;
    for (int i = 0; i < 4; i++)
        text[2 + i] = digits[code >> (12 - 4 * i) & 15];
    tp_buffer_put(buffer, text, sizeof text);
}

void tp_page_json(tp_buffer *buffer, tp_string string)
{
    size_t begin = 0, at = 0;
    tp_buffer_put_u8(buffer, '"');
    while (at < string.size) {
        uint32_t code;
        size_t size = tp_utf8_decode(&code, string.bytes + at, string.size - at);
        if (!is_plain(code)) {
            tp_buffer_put(buffer, string.bytes + begin, at - begin);
            put_escape(buffer, code);
            begin = at + size;
        }
        at += size;
    }
    tp_buffer_put(buffer, string.bytes + begin, at - begin);
    tp_buffer_put_u8(buffer, '"');
}

static void put_html_code(tp_buffer *buffer, uint32_t code, const char *bytes, size_t size)
{
    const char *name = code == '<' ? "&lt;" : code == '>' ? "&gt;" : code == '&' ? "&amp;"
                     : code == '"' ? "&quot;" : code == '\n' || code == '\t' ? " " : NULL;
    if (name != NULL)
        tp_spell(buffer, name);
    else if (is_plain(code) || code == '\\')
        tp_buffer_put(buffer, bytes, size);
    else
        tp_spell(buffer, "\xEF\xBF\xBD");
}

void tp_page_html(tp_buffer *buffer, tp_string string)
{
    for (size_t at = 0; at < string.size;) {
        uint32_t code;
        size_t size = tp_utf8_decode(&code, string.bytes + at, string.size - at);
        put_html_code(buffer, code, string.bytes + at, size);
        at += size;
    }
}
