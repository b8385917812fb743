#include <stdlib.h>

#include "support.h"

int main(void)
{
    SRunner *runner = srunner_create(base_suite());
    srunner_add_suite(runner, pattern_suite());
    srunner_add_suite(runner, glob_suite());
    srunner_add_suite(runner, clock_suite());
    srunner_add_suite(runner, tree_suite());
    srunner_add_suite(runner, record_suite());
    srunner_add_suite(runner, beyond_suite());
    srunner_add_suite(runner, strand_suite());
    srunner_add_suite(runner, marshal_suite());
    srunner_add_suite(runner, reader_suite());
    srunner_add_suite(runner, failure_suite());
    srunner_add_suite(runner, reshape_suite());
    srunner_add_suite(runner, select_suite());
    srunner_add_suite(runner, dialect_suite());
    srunner_add_suite(runner, reshape_failure_suite());
    srunner_add_suite(runner, figures_suite());
    srunner_add_suite(runner, suspension_suite());
    srunner_add_suite(runner, compensate_suite());
    srunner_add_suite(runner, cost_suite());
    srunner_add_suite(runner, emit_suite());
    srunner_add_suite(runner, times_suite());
    srunner_add_suite(runner, report_suite());
    srunner_add_suite(runner, tui_suite());
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
