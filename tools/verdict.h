/* A profile judged by rules. */
#ifndef TP_VERDICT_H
#define TP_VERDICT_H

#include "figure.h"
#include "rule.h"

#define TP_FINDINGS_KEPT 20
#define TP_NEW_KEPT 5

/* A function that breaks a rule. */
typedef struct tp_finding {
    const tp_function *function; /* Borrowed from the profile; NULL: the whole profile. */
    tp_figure actual;
    tp_figure base; /* the baseline's, where the rule is relative */
    double over;    /* how far from the limit; to put findings in order, nothing else */
} tp_finding;

typedef struct tp_verdict {
    const tp_rule *rule;  /* Borrowed. */
    bool missing;         /* the pattern matches no function, and that is not allowed */
    size_t finding_count; /* of all; the first TP_FINDINGS_KEPT are in `findings` */
    tp_finding *findings; /* Owned; the farthest over first, then by label. NULL: none */
} tp_verdict;

/* What to judge: to be filled by the caller. */
typedef struct tp_case {
    const tp_profile *profile;
    const tp_profile *baseline; /* NULL: none, and no rule is relative */
    const tp_rule *rules;
    size_t rule_count;
    double min_time;
    bool allow_missing;
} tp_case;

typedef struct tp_judgement {
    tp_verdict *verdicts; /* Owned, one a rule: broken ones of calls, other broken ones, the rest */
    size_t count;
    size_t broken;
    const char *times; /* "raw" or "compensated", where a profile has both; else NULL */
    size_t new_count; /* functions that relative rules speak of and the baseline has not */
    const tp_function *newest[TP_NEW_KEPT]; /* Borrowed; the longest running of them */
} tp_judgement;

/* To be freed in either case. */
TP_NODISCARD tp_status tp_judge(tp_judgement *judgement, const tp_case *facts);
void tp_judgement_free(tp_judgement *judgement);

bool tp_verdict_is_broken(const tp_verdict *verdict);

#endif
