#include <traceprof/status.h>
#include <traceprof/version.h>

const char *tp_version(void)
{
    return TP_VERSION_STRING;
}

const char *tp_status_name(tp_status status)
{
    switch (status) {
#define TP_STATUS_CASE(name, number, text) \
    case name:                             \
        return #name;
        TP_STATUS_LIST(TP_STATUS_CASE)
#undef TP_STATUS_CASE
    }
    return "unknown status";
}

const char *tp_status_message(tp_status status)
{
    switch (status) {
#define TP_STATUS_CASE(name, number, text) \
    case name:                             \
        return text;
        TP_STATUS_LIST(TP_STATUS_CASE)
#undef TP_STATUS_CASE
    }
    return "unknown status";
}
