/* What traceprof check prints: the verdicts as text, JUnit's XML, GitHub's workflow commands, or a
 * Markdown table. The same verdicts give the same bytes. */
#ifndef TP_CHECK_REPORT_H
#define TP_CHECK_REPORT_H

#include <stdio.h>

#include "verdict.h"

/* `form` is one of "text", "junit", "github" and "md". */
void tp_check_report(FILE *out, const tp_judgement *judgement, const char *form);

#endif
