/* From what was measured to what is taken out. */
#include <math.h>
#include <stdio.h>

#include "calibration.h"
#include "call_kind.h"

/* Below this, running slower without any call is noise. */
#define LEAST_STRETCH 1.3

static double above_zero(double value)
{
    return value > 0 ? value : 0;
}

/* What a program without calls is seen to be slowed, instruction by instruction, is more than what functions are
 * that have rows: much of their own time is C code's. This part of it is taken; fitted on 3.11 to the programs
 * of bench/programs. */
#define INTERPRETED 0.4

/* The program that variety is measured by is drawn at random. The programs of bench/programs, whose calls
 * follow one from the other, lose this part of what it loses; fitted on 3.13 and 3.14. */
#define PREDICTABLE 0.45

/* A call of that kind: wholly `cost`, of which `inside` between its two readings. An int object for an offset
 * is made before the hook is called, so for a call that begins outside of it, and for one that ends inside. */
static void set_kind(tp_costs *costs, tp_call_kind kind, double cost, double inside, double box)
{
    cost = above_zero(cost);
    inside = inside < cost ? inside : cost;
    bool builtin = kind >= TP_KIND_FUNCTION;
    for (unsigned far = 0; far < 4; far++) {
        tp_cost *c = &costs->kinds[TP_KIND_NUMBER(kind, far)];
        *c = (tp_cost){ .inside = inside, .outside = cost - inside, .stretch = 1 };
        if ((far & TP_KIND_FAR_SITE) != 0 && kind != TP_KIND_GENERATOR && kind != TP_KIND_COROUTINE) {
            c->outside += kind == TP_KIND_SLOT ? 0 : box;
            c->inside += builtin ? box : 0;
        }
        if ((far & TP_KIND_FAR_BODY) != 0 && !builtin) {
            c->inside += box;
            c->outside += kind == TP_KIND_GENERATOR || kind == TP_KIND_COROUTINE ? box : 0;
        }
    }
}

/* Generators and coroutines that go on by way of others find their place sooner than functions do. */
static void set_recursion(tp_costs *costs, double called, double resumed)
{
    for (unsigned number = 0; number < TP_CALL_KINDS; number++) {
        unsigned kind = number / TP_KIND_NUMBER(1, 0);
        costs->kinds[number].recursion =
            kind == TP_KIND_GENERATOR || kind == TP_KIND_COROUTINE ? resumed : called;
    }
}

void tp_costs_derive(tp_costs *costs, const tp_measured *m)
{
    *costs = (tp_costs){ .size = sizeof *costs };
    double box = above_zero(m->cost[TP_WORK_FUNCTION_FAR] - m->cost[TP_WORK_FUNCTION]) / 2;
    double method = m->cost[TP_WORK_METHOD];
    set_kind(costs, TP_KIND_PYTHON, m->cost[TP_WORK_PYTHON], m->inside, box);
    set_kind(costs, TP_KIND_SLOT, m->cost[TP_WORK_SLOT], m->inside, box);
    set_kind(costs, TP_KIND_GENERATOR, m->cost[TP_WORK_GENERATOR], m->inside, box);
    /* Of what is measured each begins once, like any function, and goes on many times. Taken for granted is
     * one that is suspended once. */
    set_kind(costs, TP_KIND_COROUTINE, (m->cost[TP_WORK_COROUTINE] - method + m->cost[TP_WORK_PYTHON]) / 2,
             (m->inside_coroutine + m->inside) / 2, box);
    set_kind(costs, TP_KIND_FUNCTION, m->cost[TP_WORK_FUNCTION], m->inside, box);
    set_kind(costs, TP_KIND_METHOD, method, m->inside, box);
    set_kind(costs, TP_KIND_LONG, m->cost[TP_WORK_LONG], m->inside, box);
    costs->unseen = above_zero(m->cost[TP_WORK_UNSEEN]);
    costs->fresh = above_zero(m->cost[TP_WORK_NODES]);
    double likely = (m->cost[TP_WORK_FUNCTION] * 4 + method + m->cost[TP_WORK_PYTHON]) / 6;
    if (m->searches > 0)
        costs->search = above_zero(m->cost[TP_WORK_SEARCH] - likely) / m->searches;
    costs->company = above_zero(m->company);
    set_recursion(costs, above_zero(m->cost[TP_WORK_RECURSION] - m->cost[TP_WORK_PYTHON]),
                  above_zero(m->cost[TP_WORK_DELEGATION] - m->cost[TP_WORK_GENERATOR]));
    if (m->stretch < LEAST_STRETCH)
        return;
    /* The hook of 3.11 slows all that Python code does. */
    for (unsigned far = 0; far < 4; far++) {
        for (unsigned kind = TP_KIND_PYTHON; kind <= TP_KIND_COROUTINE; kind++)
            costs->kinds[TP_KIND_NUMBER(kind, far)].stretch = 1 + INTERPRETED * (m->stretch - 1);
    }
}

void tp_costs_set_variety(tp_costs *costs, double cost, double expected, double functions)
{
    double steps = sqrt(functions) - 1;
    if (expected > 0 && steps > 0 && cost > expected)
        costs->variety = PREDICTABLE * (cost / expected - 1) / steps;
}

#define LINE 80
#define LINES 16

typedef struct text {
    char *bytes;
    size_t used;
    double ns; /* a tick */
} text;

static void put_line(text *t, const char *name, tp_cost cost, double spread)
{
    int size = snprintf(t->bytes + t->used, LINE, "%s%s %.1f %.1f %.2f %.1f", t->used > 0 ? "\n" : "", name,
                        cost.inside * t->ns, cost.outside * t->ns, cost.stretch, spread * t->ns);
    t->used += size > 0 && size < LINE ? (size_t)size : 0;
}

/* Of what lies in the caller's time alone. */
static void put_outside(text *t, const char *name, double cost, double spread)
{
    put_line(t, name, (tp_cost){ .outside = cost, .stretch = 1 }, spread);
}

char *tp_costs_describe(const tp_costs *costs, const tp_measured *m, double unit)
{
    static const tp_work works[] = {
        [TP_KIND_PYTHON] = TP_WORK_PYTHON,       [TP_KIND_SLOT] = TP_WORK_SLOT,
        [TP_KIND_GENERATOR] = TP_WORK_GENERATOR, [TP_KIND_COROUTINE] = TP_WORK_COROUTINE,
        [TP_KIND_FUNCTION] = TP_WORK_FUNCTION,   [TP_KIND_METHOD] = TP_WORK_METHOD,
        [TP_KIND_LONG] = TP_WORK_LONG,
    };
    text t = { .bytes = PyMem_RawCalloc(LINES, LINE), .ns = unit * 1e9 };
    if (t.bytes == NULL)
        return NULL;
    for (unsigned i = 0; i < TP_KIND_COUNT; i++)
        put_line(&t, tp_call_kind_name(i), costs->kinds[TP_KIND_NUMBER(i, 0)], m->spread[works[i]]);
    double unwind = m->cost[TP_WORK_UNWIND];
    put_line(&t, "unwind", (tp_cost){ .inside = m->inside, .outside = above_zero(unwind - m->inside), .stretch = 1 },
             m->spread[TP_WORK_UNWIND]);
    put_line(&t, "company", (tp_cost){ .inside = costs->company / 2, .outside = costs->company / 2, .stretch = 1 }, 0);
    double box = above_zero(m->cost[TP_WORK_FUNCTION_FAR] - m->cost[TP_WORK_FUNCTION]) / 2;
    put_outside(&t, "far", box, 0);
    put_outside(&t, "unseen", costs->unseen, m->spread[TP_WORK_UNSEEN]);
    put_outside(&t, "search", costs->search, m->spread[TP_WORK_SEARCH]);
    put_outside(&t, "recursion", costs->kinds[TP_KIND_NUMBER(TP_KIND_PYTHON, 0)].recursion,
                m->spread[TP_WORK_RECURSION]);
    put_outside(&t, "delegation", costs->kinds[TP_KIND_NUMBER(TP_KIND_GENERATOR, 0)].recursion,
                m->spread[TP_WORK_DELEGATION]);
    put_outside(&t, "fresh", costs->fresh, 0);
    return t.bytes;
}
