/* What stands above a table: whose it is, and of how much. */
#ifndef TP_HEADING_H
#define TP_HEADING_H

#include "command.h"

/* Sum of own times, in seconds. */
double tp_total_time(const tp_profile *profile);

/* Whether it is a sum in which some times are raw among the compensated ones. */
int tp_is_in_part(const tp_profile *profile);

/* "raw" or "compensated", where the profile has both times; else NULL. */
const char *tp_times_word(const tp_profile *profile);

/* Of a profile that has both times: `before`, which are shown, and what was taken out, "compensated
 * (400.000 ms of probes taken out; raw 1.634 s)" or "raw (400.000 ms of it probes)". 0: it has not. */
int tp_put_times(FILE *out, const char *before, const tp_profile *profile);

/* "app.prof: 1234 calls (1000 primitive) of 87 functions in 1.234 s", the times, and a newline. */
void tp_put_heading(FILE *out, const tp_arguments *arguments, const tp_profile *profile);

/* The same where there are so many columns: without the file's folder if that would leave too few for the rest. */
void tp_put_heading_within(FILE *out, const tp_arguments *arguments, const tp_profile *profile,
                           size_t columns);

/* "MainThread, 1": a thread's name and number; where there are several processes "MainThread (pid 7), 1". */
void tp_put_thread(FILE *out, const tp_profile *profile, const tp_thread_tree *thread);

/* Share of a whole; 0 of nothing. */
double tp_share(double part, double whole);

#endif
