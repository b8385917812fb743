/* What stands above a table: whose it is, and of how much. */
#ifndef TP_HEADING_H
#define TP_HEADING_H

#include "command.h"

/* Sum of own times, in seconds. */
double tp_total_time(const tp_profile *profile);

/* "app.prof: 1234 calls (1000 primitive) of 87 functions in 1.234 s" and a newline. */
void tp_put_heading(FILE *out, const tp_arguments *arguments, const tp_profile *profile);

/* "MainThread, 1": a thread's name and number; where there are several processes "MainThread (pid 7), 1". */
void tp_put_thread(FILE *out, const tp_profile *profile, const tp_thread_tree *thread);

/* Share of a whole; 0 of nothing. */
double tp_share(double part, double whole);

#endif
