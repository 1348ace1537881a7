// machine.c: finds a machine's rates.
#include "cpu/machine.h"

#include <string.h>

const MachineRate *machine_rate(const Machine *m, const char *isa)
{
    for (size_t i = 0; i < MACHINE_MAX_RATES && m->rate[i].isa; i++) {
        if (strcmp(m->rate[i].isa, isa) == 0) {
            return &m->rate[i];
        }
    }
    return NULL;
}
