/* Every subcommand's description; each is defined in the file of its name. */
#ifndef TP_COMMANDS_H
#define TP_COMMANDS_H

#include "command.h"

extern const tp_command tp_command_top;
extern const tp_command tp_command_callers;
extern const tp_command tp_command_callees;
extern const tp_command tp_command_tree;
extern const tp_command tp_command_path;
extern const tp_command tp_command_peek;
extern const tp_command tp_command_diff;
extern const tp_command tp_command_merge;
extern const tp_command tp_command_convert;
extern const tp_command tp_command_push;
extern const tp_command tp_command_report;
extern const tp_command tp_command_info;
extern const tp_command tp_command_check;
extern const tp_command tp_command_browse;
extern const tp_command tp_command_tui;
extern const tp_command tp_command_completions;
extern const tp_command tp_command_help;

#endif
