// memory_use.c: see memory_use.h.
#define _GNU_SOURCE // getrusage's ru_maxrss
#include "tool/measure/memory_use.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>

void memory_use_restart(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "w");
    if (!f) {
        return;
    }
    fputs("5\n", f); // proc(5): the peak becomes what is resident now
    fclose(f);
}

uint64_t memory_use_peak(void)
{
    uint64_t kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    char line[256];
    while (f && kib == 0 && fgets(line, sizeof line, f)) {
        if (sscanf(line, "VmHWM: %" SCNu64 " kB", &kib) != 1) {
            kib = 0;
        }
    }
    if (f) {
        fclose(f);
    }
    struct rusage use;
    if (kib == 0 && getrusage(RUSAGE_SELF, &use) == 0) {
        kib = (uint64_t)use.ru_maxrss;
    }
    return kib * 1024;
}
