/* The rules of a command line and of its files of rules. */
#ifndef TP_RULE_LIST_H
#define TP_RULE_LIST_H

#include "command.h"
#include "rule.h"

typedef struct tp_rule_list {
    tp_rule *rules; /* Owned; their texts are argv's, or those of `files`. */
    size_t count;
    size_t room;
    char **files; /* Owned: the contents of --rules, one a file */
    size_t file_count;
} tp_rule_list;

/* All of --fail-if, then all of --rules. 0, or an exit status with the error printed. To be freed
 * in either case. */
int tp_rule_list_load(tp_rule_list *list, const tp_arguments *arguments);
void tp_rule_list_free(tp_rule_list *list);

/* The first rule that compares with a baseline, or that needs numbers of calls; NULL: none does. */
const tp_rule *tp_rule_list_relative(const tp_rule_list *list);
const tp_rule *tp_rule_list_of_calls(const tp_rule_list *list, bool only_relative);

#endif
