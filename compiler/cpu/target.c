// target.c: finds target records by name and by what this machine runs.
#include "cpu/target.h"

#include <string.h>

const TargetDef *target_find(const char *name)
{
    for (size_t i = 0; i < target_table_count; i++) {
        if (strcmp(target_table[i]->name, name) == 0) {
            return target_table[i];
        }
    }
    return NULL;
}

#if defined(__x86_64__)
static const char *native_name(void)
{
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
                  __builtin_cpu_supports("avx512vl");
    return avx2 && avx512 ? "x86-64-v4" : avx2 ? "x86-64-v3" : "x86-64";
}
#elif defined(__aarch64__)
static const char *native_name(void)
{
    return "aarch64";
}
#else
static const char *native_name(void)
{
    return "none";
}
#endif

const TargetDef *target_native(void)
{
    return target_find(native_name());
}
