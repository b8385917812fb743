#include "bar.h"

/* U+2588 is a full block, U+2589 seven eighths of one, and so on to U+258F. */
static size_t put_block(char *text, size_t eighths)
{
    text[0] = '\xE2';
    text[1] = '\x96';
    text[2] = (char)(0x90 - eighths);
    return 3;
}

size_t tp_bar_format(char text[TP_BAR_ROOM], double share, tp_bars bars)
{
    size_t parts = bars == TP_BARS_BLOCKS ? 8 : 1, most = TP_BAR_WIDTH * parts, size = 0;
    size_t filled = !(share > 0) ? 0 : share >= 1 ? most : (size_t)(share * (double)most + 0.5);
    for (size_t left = filled; left > 0;) {
        size_t part = left < parts ? left : parts;
        if (bars == TP_BARS_BLOCKS)
            size += put_block(text + size, part);
        else
            text[size++] = '#';
        left -= part;
    }
    text[size] = '\0';
    return (filled + parts - 1) / parts;
}
