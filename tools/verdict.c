#include "verdict.h"

#include <math.h>
#include <stdlib.h>

#include "heading.h"
#include "pstats_model.h"

typedef struct court {
    const tp_case *facts;
    tp_totals totals, base_totals;
    uint32_t *partners; /* Owned; NULL: no rule needs them. */
    uint8_t *is_new;    /* Owned; 1: a relative rule spoke of it in vain */
} court;

/* What a change of the figure comes to in seconds of the whole run. */
static double weigh(const court *c, const tp_rule *rule, const tp_function *f)
{
    if (rule->metric == TP_TIME_PER_CALL)
        return (double)f->primitive_calls;
    return tp_metric_is_share(rule->metric) ? c->totals.time / 100 : 1;
}

/* Times of tiny functions change from run to run; numbers of calls do not. */
static bool is_noise(const court *c, const tp_rule *rule, const tp_finding *finding)
{
    if (rule->relation == TP_ABSOLUTE || tp_metric_is_count(rule->metric) || rule->op == TP_EQUAL)
        return false;
    double weight = weigh(c, rule, finding->function);
    double low = weight * fmin(finding->actual.real, finding->base.real);
    double high = weight * fmax(finding->actual.real, finding->base.real);
    return tp_compare_times(high, low + c->facts->min_time) <= 0;
}

/* Whether a comes before b. */
static bool precedes(const tp_finding *a, const tp_finding *b)
{
    if (a->over != b->over)
        return a->over > b->over;
    return tp_pstats_compare_labels(&a->function->label, &b->function->label) < 0;
}

static tp_status add_finding(tp_verdict *verdict, const tp_finding *finding)
{
    size_t kept = verdict->finding_count++;
    if (verdict->findings == NULL)
        verdict->findings = calloc(TP_FINDINGS_KEPT, sizeof *verdict->findings);
    if (verdict->findings == NULL)
        return TP_ENOMEM;
    if (kept >= TP_FINDINGS_KEPT) {
        kept = TP_FINDINGS_KEPT - 1;
        if (!precedes(finding, &verdict->findings[kept]))
            return TP_OK;
    }
    for (; kept > 0 && precedes(finding, &verdict->findings[kept - 1]); kept--)
        verdict->findings[kept] = verdict->findings[kept - 1];
    verdict->findings[kept] = *finding;
    return TP_OK;
}

/* The baseline's figure for the function at `index`; TP_NO_INDEX is the whole profile. */
static bool read_base(const court *c, const tp_rule *rule, uint32_t index, tp_figure *base)
{
    *base = (tp_figure){ 0, 0 };
    if (rule->relation == TP_ABSOLUTE)
        return true;
    const tp_function *function = NULL;
    if (index != TP_NO_INDEX) {
        uint32_t partner = c->partners[index];
        if (partner == TP_NO_INDEX) {
            c->is_new[index] = 1;
            return false;
        }
        function = &tp_profile_functions(c->facts->baseline)[partner];
        if (function->flags & TP_FUNCTION_IMPLIED)
            return false;
    }
    return tp_figure_read(base, rule->metric, function, &c->base_totals);
}

static tp_status judge_function(court *c, tp_verdict *verdict, uint32_t index)
{
    const tp_rule *rule = verdict->rule;
    tp_finding finding = { .function = NULL };
    if (index != TP_NO_INDEX)
        finding.function = &tp_profile_functions(c->facts->profile)[index];
    if (!tp_figure_read(&finding.actual, rule->metric, finding.function, &c->totals) ||
        !read_base(c, rule, index, &finding.base) ||
        !tp_figure_breaks(rule, &finding.actual, &finding.base) || is_noise(c, rule, &finding))
        return TP_OK;
    finding.over = fabs(finding.actual.real - tp_figure_limit(rule, &finding.base));
    return add_finding(verdict, &finding);
}

static tp_status judge_rule(court *c, tp_verdict *verdict)
{
    const tp_function *functions = tp_profile_functions(c->facts->profile);
    size_t count = tp_profile_function_count(c->facts->profile), matches = 0;
    tp_status status = TP_OK;
    if (verdict->rule->scope == TP_WHOLE_PROFILE)
        return judge_function(c, verdict, TP_NO_INDEX);
    for (uint32_t i = 0; status == TP_OK && i < count; i++) {
        /* What is only named as a caller has no figures. */
        if ((functions[i].flags & TP_FUNCTION_IMPLIED) ||
            !tp_rule_matches(verdict->rule, &functions[i].label))
            continue;
        matches++;
        status = judge_function(c, verdict, i);
    }
    verdict->missing = matches == 0 && verdict->rule->scope == TP_MATCHING_FUNCTIONS &&
                       !c->facts->allow_missing;
    return status;
}

bool tp_verdict_is_broken(const tp_verdict *verdict)
{
    return verdict->missing || verdict->finding_count > 0;
}

static int rank(const tp_verdict *verdict)
{
    if (!tp_verdict_is_broken(verdict))
        return 2;
    return tp_metric_is_count(verdict->rule->metric) ? 0 : 1;
}

/* Rules lie in an array in the order they were given. */
static int compare_verdicts(const void *left, const void *right)
{
    const tp_verdict *a = left, *b = right;
    int order = rank(a) - rank(b);
    return order != 0 ? order : (a->rule > b->rule) - (a->rule < b->rule);
}

static bool is_newer(const tp_function *a, const tp_function *b)
{
    if (a->cumulative != b->cumulative)
        return a->cumulative > b->cumulative;
    return tp_pstats_compare_labels(&a->label, &b->label) < 0;
}

static void note_new(tp_judgement *judgement, const court *c)
{
    const tp_function *functions = tp_profile_functions(c->facts->profile);
    for (size_t i = 0; i < tp_profile_function_count(c->facts->profile); i++) {
        if (!c->is_new[i])
            continue;
        size_t at = judgement->new_count++;
        if (at >= TP_NEW_KEPT) {
            at = TP_NEW_KEPT - 1;
            if (!is_newer(&functions[i], judgement->newest[at]))
                continue;
        }
        for (; at > 0 && is_newer(&functions[i], judgement->newest[at - 1]); at--)
            judgement->newest[at] = judgement->newest[at - 1];
        judgement->newest[at] = &functions[i];
    }
}

static tp_status convene(court *c)
{
    size_t count = tp_profile_function_count(c->facts->profile);
    c->totals = tp_totals_of(c->facts->profile);
    c->is_new = calloc(count + 1, sizeof *c->is_new);
    if (c->is_new == NULL)
        return TP_ENOMEM;
    if (c->facts->baseline == NULL)
        return TP_OK;
    c->base_totals = tp_totals_of(c->facts->baseline);
    c->partners = calloc(count + 1, sizeof *c->partners);
    if (c->partners == NULL)
        return TP_ENOMEM;
    return tp_profile_match(c->facts->profile, c->facts->baseline, c->partners);
}

/* Both profiles show the same, but one may know no other. */
static const char *times_of(const tp_case *facts)
{
    const char *times = tp_times_word(facts->profile);
    return times != NULL || facts->baseline == NULL ? times : tp_times_word(facts->baseline);
}

tp_status tp_judge(tp_judgement *judgement, const tp_case *facts)
{
    court c = { .facts = facts };
    *judgement = (tp_judgement){ .times = times_of(facts) };
    tp_status status = convene(&c);
    judgement->verdicts = calloc(facts->rule_count + 1, sizeof *judgement->verdicts);
    if (judgement->verdicts == NULL)
        status = TP_ENOMEM;
    for (size_t i = 0; status == TP_OK && i < facts->rule_count; i++) {
        tp_verdict *verdict = &judgement->verdicts[judgement->count++];
        verdict->rule = &facts->rules[i];
        status = judge_rule(&c, verdict);
        judgement->broken += tp_verdict_is_broken(verdict);
    }
    if (status == TP_OK) {
        qsort(judgement->verdicts, judgement->count, sizeof *judgement->verdicts, compare_verdicts);
        note_new(judgement, &c);
    }
    free(c.partners);
    free(c.is_new);
    return status;
}

void tp_judgement_free(tp_judgement *judgement)
{
    for (size_t i = 0; i < judgement->count; i++)
        free(judgement->verdicts[i].findings);
    free(judgement->verdicts);
    *judgement = (tp_judgement){ .count = 0 };
}
