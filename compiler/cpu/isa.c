// isa.c: finds instruction sets by name and by what this machine runs.
#include "cpu/isa.h"

#include <string.h>

const Isa *isa_find(const char *name)
{
    for (size_t i = 0; i < isa_table_count; i++) {
        if (strcmp(isa_table[i]->name, name) == 0) {
            return isa_table[i];
        }
    }
    return NULL;
}

bool isa_runs_here(const Isa *isa)
{
    RnMachine here = rn_machine_here();
    return rn_machine_has(&here, &isa->needs);
}

const Isa *isa_native(void)
{
    const Isa *best = NULL;
    for (size_t i = 0; i < isa_table_count; i++) {
        const Isa *isa = isa_table[i];
        if (isa_runs_here(isa) && (!best || isa->vector_floats > best->vector_floats)) {
            best = isa;
        }
    }
    return best;
}
