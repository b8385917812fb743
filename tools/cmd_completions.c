/* traceprof completions: what shells complete, from the commands' descriptions. */
#include <string.h>

#include "commands.h"
#include "tool.h"

static void put_names(FILE *out, const tp_command *command)
{
    const tp_option *option;
    for (size_t n = 0; (option = tp_command_option(command, n)) != NULL; n++) {
        fprintf(out, "%s--%s", n > 0 ? " " : "", option->name);
        if (option->letter != '\0')
            fprintf(out, " -%c", option->letter);
    }
}

/* What follows an option, for "case $command:$previous". */
static void put_bash_values(FILE *out, const tp_command *command)
{
    const tp_option *option;
    for (size_t n = 0; (option = tp_command_option(command, n)) != NULL; n++) {
        if (option->choices != NULL)
            fprintf(out,
                    "        %s:--%s) COMPREPLY=($(compgen -W \"%s\" -- \"$word\")); return ;;\n",
                    command->name, option->name, option->choices);
    }
}

static void put_commands(FILE *out)
{
    size_t count;
    const tp_command *const *commands = tp_commands(&count);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "%s%s", i > 0 ? " " : "", commands[i]->name);
}

static int has_words_for_operands(const tp_command *command)
{
    return command == &tp_command_help || command == &tp_command_completions;
}

static void put_operands(FILE *out, const tp_command *command)
{
    if (command == &tp_command_help)
        put_commands(out);
    else
        fputs("bash zsh fish", out);
}

static void put_bash_operands(FILE *out, const tp_command *command)
{
    if (!has_words_for_operands(command))
        return;
    fprintf(out, "    %s) COMPREPLY=($(compgen -W \"", command->name);
    put_operands(out, command);
    fputs("\" -- \"$word\")) ;;\n", out);
}

/* Names of files may hold blanks. In COMP_WORDS, --name=VALUE is three words. */
static const char bash_start[] =
    "# bash completion for traceprof; made by 'traceprof completions bash'\n"
    "_traceprof_files() {\n"
    "    local IFS=$'\\n'\n"
    "    COMPREPLY+=($(compgen -f -- \"$1\"))\n"
    "}\n"
    "_traceprof() {\n"
    "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
    "    local command=${COMP_WORDS[1]}\n"
    "    COMPREPLY=()\n"
    "    if [ \"$word\" = = ]; then\n"
    "        word=\n"
    "    elif [ \"$before\" = = ]; then\n"
    "        before=${COMP_WORDS[COMP_CWORD-2]}\n"
    "    fi\n";

static void print_bash(FILE *out)
{
    size_t count;
    const tp_command *const *commands = tp_commands(&count);
    fputs(bash_start, out);
    fputs("    if [ \"$COMP_CWORD\" = 1 ]; then\n"
          "        COMPREPLY=($(compgen -W \"",
          out);
    put_commands(out);
    fputs(" --help --version\" -- \"$word\"))\n"
          "        _traceprof_files \"$word\"\n"
          "        return\n"
          "    fi\n"
          "    case $command:$before in\n",
          out);
    for (size_t i = 0; i < count; i++)
        put_bash_values(out, commands[i]);
    fputs("    esac\n"
          "    case $word in\n"
          "    -*)\n"
          "        case $command in\n",
          out);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "        %s) COMPREPLY=($(compgen -W \"", commands[i]->name);
        put_names(out, commands[i]);
        fputs("\" -- \"$word\")) ;;\n", out);
    }
    fputs("        esac\n"
          "        return ;;\n"
          "    esac\n"
          "    case $command in\n",
          out);
    for (size_t i = 0; i < count; i++)
        put_bash_operands(out, commands[i]);
    fputs("    *) _traceprof_files \"$word\" ;;\n"
          "    esac\n"
          "}\n"
          "complete -o filenames -F _traceprof traceprof\n",
          out);
}

/* A text in single quotes for a shell; zsh's descriptions must not hold brackets and colons. */
static void put_quoted(FILE *out, const char *text, const char *escaped)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else if (*text == '\n')
            fputc(' ', out);
        else if (strchr(escaped, *text) != NULL)
            fprintf(out, "\\%c", *text);
        else
            fputc(*text, out);
    }
}

static void put_zsh_spec(FILE *out, const tp_option *option, const char *dashes, const char *name,
                         const char *joint)
{
    fprintf(out, " \\\n            '*%s%s%s[", dashes, name, option->value != NULL ? joint : "");
    put_quoted(out, option->help, "[]:");
    fputc(']', out);
    if (option->value != NULL)
        fprintf(out, ":%s:", option->value);
    if (option->choices != NULL)
        fprintf(out, "(%s)", option->choices);
    else if (option->value != NULL && strcmp(option->value, "FILE") == 0)
        fputs("_files", out);
    fputc('\'', out);
}

static void put_zsh_option(FILE *out, const tp_option *option)
{
    const char letter[] = { option->letter, '\0' };
    put_zsh_spec(out, option, "--", option->name, "=");
    if (option->letter != '\0')
        put_zsh_spec(out, option, "-", letter, "+");
}

static void put_zsh_operands(FILE *out, const tp_command *command)
{
    fputs(" \\\n            '*:operand:", out);
    if (has_words_for_operands(command)) {
        fputc('(', out);
        put_operands(out, command);
        fputc(')', out);
    } else {
        fputs("_files", out);
    }
    fputs("' ;;\n", out);
}

static void print_zsh(FILE *out)
{
    size_t count;
    const tp_command *const *commands = tp_commands(&count);
    fputs("#compdef traceprof\n"
          "# zsh completion for traceprof; made by 'traceprof completions zsh'\n"
          "_traceprof() {\n"
          "    if (( CURRENT == 2 )); then\n"
          "        local -a commands=(\n",
          out);
    for (size_t i = 0; i < count; i++) {
        fprintf(out, "            '%s:", commands[i]->name);
        put_quoted(out, commands[i]->purpose, ":");
        fputs("'\n", out);
    }
    fputs("        )\n"
          "        _describe command commands\n"
          "        _files\n"
          "        return\n"
          "    fi\n"
          "    local command=$words[2]\n"
          "    shift words\n"
          "    (( CURRENT-- ))\n"
          "    case $command in\n",
          out);
    for (size_t i = 0; i < count; i++) {
        const tp_option *option;
        fprintf(out, "    %s)\n        _arguments", commands[i]->name);
        for (size_t n = 0; (option = tp_command_option(commands[i], n)) != NULL; n++)
            put_zsh_option(out, option);
        put_zsh_operands(out, commands[i]);
    }
    fputs("    *) _files ;;\n"
          "    esac\n"
          "}\n"
          "_traceprof \"$@\"\n",
          out);
}

static void put_fish_option(FILE *out, const tp_command *command, const tp_option *option)
{
    fprintf(out, "complete -c traceprof -n '__fish_seen_subcommand_from %s' -l %s", command->name,
            option->name);
    if (option->letter != '\0')
        fprintf(out, " -s %c", option->letter);
    if (option->value != NULL)
        fputs(option->choices != NULL ? " -x" : " -r", out);
    if (option->choices != NULL)
        fprintf(out, " -a '%s'", option->choices);
    fputs(" -d '", out);
    put_quoted(out, option->help, "");
    fputs("'\n", out);
}

static void put_fish_operands(FILE *out, const tp_command *command)
{
    if (!has_words_for_operands(command))
        return;
    fprintf(out, "complete -c traceprof -f -n '__fish_seen_subcommand_from %s' -a '",
            command->name);
    put_operands(out, command);
    fputs("'\n", out);
}

static void print_fish(FILE *out)
{
    size_t count;
    const tp_command *const *commands = tp_commands(&count);
    fputs("# fish completion for traceprof; made by 'traceprof completions fish'\n", out);
    for (size_t i = 0; i < count; i++) {
        const tp_option *option;
        fprintf(out, "complete -c traceprof -n __fish_use_subcommand -a %s -d '",
                commands[i]->name);
        put_quoted(out, commands[i]->purpose, "");
        fputs("'\n", out);
        for (size_t n = 0; (option = tp_command_option(commands[i], n)) != NULL; n++)
            put_fish_option(out, commands[i], option);
        put_fish_operands(out, commands[i]);
    }
}

int tp_print_completions(FILE *out, const char *shell)
{
    if (strcmp(shell, "bash") == 0)
        print_bash(out);
    else if (strcmp(shell, "zsh") == 0)
        print_zsh(out);
    else if (strcmp(shell, "fish") == 0)
        print_fish(out);
    else
        return 1;
    return 0;
}

static int run(const tp_arguments *arguments, FILE *out)
{
    if (tp_print_completions(out, arguments->operands[0]) == 0)
        return TP_EXIT_OK;
    return tp_usage_error(arguments->command, "no completions for the shell",
                          arguments->operands[0]);
}

static const tp_option options[] = { { '\0', NULL, NULL, NULL, NULL } };

const tp_command tp_command_completions = {
    .name = "completions",
    .operands = "SHELL",
    .purpose = "Print what bash, zsh or fish need to complete this command",
    .text = "  bash: traceprof completions bash\n"
            "        > ~/.local/share/bash-completion/completions/traceprof\n"
            "  zsh:  traceprof completions zsh > _traceprof, in a folder of $fpath\n"
            "  fish: traceprof completions fish > ~/.config/fish/completions/traceprof.fish",
    .options = options,
    .least = 1,
    .most = 1,
    .run = run,
};
