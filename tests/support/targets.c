// targets.c: see targets.h.
#include "support/targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The process's own; never freed.
static Arena *targets_arena(void)
{
    static Arena *arena;
    if (!arena) {
        arena = arena_create();
    }
    return arena;
}

const TargetDef *target_to_see(size_t i)
{
    return target_create(targets_arena(), isa_table[i], NULL);
}

const TargetDef *target_to_run(size_t i)
{
    return isa_runs_here(isa_table[i]) ? target_to_see(i)
                                       : target_emulate(targets_arena(), isa_table[i]);
}

static size_t index_of(const char *name)
{
    for (size_t i = 0; i < isa_table_count; i++) {
        if (strcmp(isa_table[i]->name, name) == 0) {
            return i;
        }
    }
    fprintf(stderr, "no instruction set %s\n", name);
    abort();
}

const TargetDef *target_to_run_named(const char *isa)
{
    return target_to_run(index_of(isa));
}

const TargetDef *target_here(void)
{
    return target_to_see(index_of(isa_native()->name));
}
