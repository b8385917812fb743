/* Lines from standard input. On a terminal they can be edited, recalled and completed, if the build
 * found a library for it (TP_HAVE_EDITLINE: 1 libedit, 2 readline). */
#ifndef TP_LINE_INPUT_H
#define TP_LINE_INPUT_H

/* Word number n of those that may stand behind this beginning of a line, whatever letters of it are
 * typed already; NULL when there are no more. */
typedef const char *tp_complete(const char *before, unsigned n);

/* Whether it is the name of a file that belongs there. */
typedef int tp_wants_file(const char *before);

void tp_line_setup(tp_complete *complete, tp_wants_file *wants_file);

/* Prints the prompt, and gives a line without its end; owned by the caller. NULL at the end of input,
 * or, errno being ENOMEM then, without memory. Line ends are those of Python's text files: "\n", "\r\n"
 * and "\r". */
char *tp_line_read(const char *prompt);

#endif
