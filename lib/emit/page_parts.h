/* The page's sources, made into C by mk/embed.sh from lib/emit/page when the library is built. */
#ifndef TP_PAGE_PARTS_H
#define TP_PAGE_PARTS_H

#include <stddef.h>

extern const unsigned char tp_page_frame[]; /* HTML with places {{policy}}, {{title}}, ... */
extern const size_t tp_page_frame_size;
extern const unsigned char tp_page_style[];
extern const size_t tp_page_style_size;
extern const unsigned char tp_page_script[];
extern const size_t tp_page_script_size;

#endif
