/* Text for a page of HTML, which is UTF-8 of a certain kind. */
#ifndef TP_PAGE_TEXT_H
#define TP_PAGE_TEXT_H

#include <traceprof/profile.h>

#include "buffer.h"

/* JSON that may stand within a script element, with its quotes: "<", ">" and "&" are escapes, as are lone
 * surrogates. Bytes that are no UTF-8 become U+FFFD. */
void tp_page_json(tp_buffer *buffer, tp_string string);

/* Text between tags or in an attribute's double quotes; what HTML cannot hold is U+FFFD. */
void tp_page_html(tp_buffer *buffer, tp_string string);

#endif
