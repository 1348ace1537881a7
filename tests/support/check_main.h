// check_main.h: the main of every test program: runs the suites, no fork under a debugger or
// sanitizer.
#ifndef CHECK_MAIN_H
#define CHECK_MAIN_H

#include <check.h>
#include <stdlib.h>

// Runs one suite and gives the exit code for main.
int check_run(Suite *suite);

#endif
