#include <signal.h>

#include "tool.h"

int main(int argc, char **argv)
{
    /* A closed pipe is found when output is flushed, and is a quiet end. */
    signal(SIGPIPE, SIG_IGN);
    return tp_tool_main(argc, argv);
}
