// target.c: puts instruction set and machine together.
#include "cpu/target.h"

#include "base/internal_error.h"

static TargetDef *make(Arena *a, const Isa *isa, const Machine *machine)
{
    machine = machine ? machine : isa->usual;
    const MachineRate *rate = machine_rate(machine, isa->name);
    if (!rate) {
        INTERNAL_ERROR("machine %s has no rate for %s", machine->name, isa->name);
    }
    TargetDef *t = ARENA_NEW(a, TargetDef);
    *t = (TargetDef){.isa = isa,
                     .machine = machine,
                     .vector_floats = isa->vector_floats,
                     .vector_registers = isa->vector_registers,
                     .has_fma = isa->has_fma,
                     .clock_ghz = rate->clock_ghz,
                     .fma_per_cycle = rate->fma_per_cycle,
                     .loads_per_cycle = rate->loads_per_cycle,
                     .l1_bytes = machine->l1_bytes,
                     .l2_bytes = machine->l2_bytes,
                     .l3_bytes = machine->l3_bytes,
                     .l2_gbps = rate->l2_gbps,
                     .l3_gbps = machine->l3_gbps,
                     .dram_gbps = machine->dram_gbps};
    return t;
}

const TargetDef *target_create(Arena *a, const Isa *isa, const Machine *machine)
{
    return make(a, isa, machine);
}

const TargetDef *target_emulate(Arena *a, const Isa *isa)
{
    TargetDef *t = make(a, isa, NULL);
    t->emulated = true;
    return t;
}

const Isa *target_code_isa(const TargetDef *target)
{
    return target->emulated ? isa_native() : target->isa;
}
