// profile.c: see profile.h.
#include "tool/measure/profile.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

typedef struct StepTime {
    const RnStep *step;
    const RnKernel *kernel;
    const RnLayer *layer;
    uint32_t batch;
    uint64_t ns; // least of all runs
} StepTime;

struct Profile {
    Arena *arena;
    const RnModel *model;
    VEC(StepTime) steps; // in order of first execution
    uint32_t next;       // where the step after the last one stands, if the order repeats
};

Profile *profile_create(Arena *a)
{
    Profile *p = ARENA_NEW(a, Profile);
    p->arena = a;
    return p;
}

void profile_step(void *context, const RnModel *model, const RnStep *step, uint32_t batch,
                  uint64_t ns)
{
    Profile *p = context;
    p->model = model;
    uint32_t i = p->next < p->steps.count && p->steps.at[p->next].step == step ? p->next : 0;
    while (i < p->steps.count && p->steps.at[i].step != step) {
        i++;
    }
    p->next = i + 1;
    if (i == p->steps.count) {
        StepTime t = {.step = step,
                      .kernel = rn_step_kernel(model, step),
                      .layer = rn_step_layer(model, step),
                      .batch = batch,
                      .ns = ns};
        VEC_PUSH(p->arena, &p->steps, t);
    } else if (ns < p->steps.at[i].ns) {
        p->steps.at[i].ns = ns;
    }
}

static double step_flops(const StepTime *t)
{
    return (double)t->kernel->flops_fixed + (double)t->kernel->flops_per_image * t->batch;
}

static double step_bytes(const StepTime *t)
{
    return (double)t->kernel->bytes_fixed + (double)t->kernel->bytes_per_image * t->batch;
}

static double total_ns(const Profile *p)
{
    double total = 0;
    for (uint32_t i = 0; i < p->steps.count; i++) {
        total += (double)p->steps.at[i].ns;
    }
    return total > 0 ? total : 1;
}

typedef struct KernelTime {
    uint32_t work, algorithm; // texts
    double ns, predicted, flops;
    uint32_t count;
} KernelTime;

static int compare_times(const void *a, const void *b)
{
    const KernelTime *x = a, *y = b;
    return (x->ns < y->ns) - (x->ns > y->ns);
}

static double percent_of(double rate, double peak)
{
    return peak > 0 ? 100 * rate / peak : 0;
}

static bool print_sums(const Profile *p, unsigned threads, double peak_gflops, FILE *out)
{
    KernelTime *sums = ARENA_ARRAY(p->arena, KernelTime, p->steps.count + 1);
    uint32_t count = 0;
    for (uint32_t i = 0; i < p->steps.count; i++) {
        const StepTime *t = &p->steps.at[i];
        uint32_t work = t->kernel->work, algorithm = t->kernel->algorithm, k = 0;
        while (k < count && (sums[k].work != work || sums[k].algorithm != algorithm)) {
            k++;
        }
        if (k == count) {
            sums[count++] = (KernelTime){.work = work, .algorithm = algorithm};
        }
        sums[k].ns += (double)t->ns;
        sums[k].predicted += t->kernel->predicted_ns / threads;
        sums[k].flops += step_flops(t);
        sums[k].count++;
    }
    qsort(sums, count, sizeof *sums, compare_times);
    double total = total_ns(p);
    bool good = fprintf(out, "\n%6s %10s %10s %9s %6s %6s  %s\n", "share", "ms", "predicted",
                        "GFLOP/s", "peak", "steps", "operator, algorithm") > 0;
    for (uint32_t k = 0; k < count && good; k++) {
        double rate = sums[k].ns > 0 ? sums[k].flops / sums[k].ns : 0;
        good = fprintf(out, "%5.1f%% %10.3f %10.3f %9.1f %5.1f%% %6u  %s, %s\n",
                       100 * sums[k].ns / total, 1e-6 * sums[k].ns, 1e-6 * sums[k].predicted, rate,
                       percent_of(rate, peak_gflops), sums[k].count,
                       rn_text(p->model, sums[k].work), rn_text(p->model, sums[k].algorithm)) > 0;
    }
    return good;
}

// Line `number` of the text, without its leading blanks; *length of it.
static const char *source_line(const char *text, uint32_t number, int *length)
{
    while (number > 1 && *text) {
        text += strcspn(text, "\n");
        text += *text == '\n';
        number--;
    }
    text += strspn(text, " \t");
    *length = (int)strcspn(text, "\r\n");
    return text;
}

static bool print_lines(const Profile *p, const char *source, FILE *out)
{
    double *ns = NULL, total = total_ns(p);
    uint32_t lines = 0;
    for (uint32_t i = 0; i < p->steps.count; i++) {
        if (p->steps.at[i].layer->line >= lines) {
            lines = p->steps.at[i].layer->line + 1;
        }
    }
    ns = ARENA_ARRAY(p->arena, double, lines + 1);
    for (uint32_t i = 0; i < p->steps.count; i++) {
        ns[p->steps.at[i].layer->line] += (double)p->steps.at[i].ns;
    }
    bool good = fprintf(out, "\n%6s %10s %5s  %s\n", "share", "ms", "line", "text") > 0;
    for (uint32_t i = 1; i < lines && good; i++) {
        int length;
        const char *text = source_line(source, i, &length);
        if (ns[i] > 0) {
            good = fprintf(out, "%5.1f%% %10.3f %5u  %.*s\n", 100 * ns[i] / total, 1e-6 * ns[i], i,
                           length, text) > 0;
        }
    }
    return good;
}

bool profile_print(const Profile *p, const char *text, unsigned threads, double peak_gflops,
                   FILE *out)
{
    double total = total_ns(p);
    bool good = fprintf(out, "%6s %9s %9s %8s %6s %7s %-16s %5s %s\n", "share", "ms", "predicted",
                        "GFLOP/s", "peak", "GB/s", "algorithm", "line", "step") > 0;
    for (uint32_t i = 0; i < p->steps.count && good; i++) {
        const StepTime *t = &p->steps.at[i];
        double ns = t->ns > 0 ? (double)t->ns : 1;
        double rate = step_flops(t) / ns;
        good = fprintf(out, "%5.1f%% %9.4f %9.4f %8.1f %5.1f%% %7.1f %-16s %5u %s %s\n",
                       100 * ns / total, 1e-6 * ns, 1e-6 * t->kernel->predicted_ns / threads, rate,
                       percent_of(rate, peak_gflops), step_bytes(t) / ns,
                       rn_text(p->model, t->kernel->algorithm), t->layer->line,
                       rn_text(p->model, t->layer->name), rn_text(p->model, t->kernel->work)) > 0;
    }
    return good && print_sums(p, threads, peak_gflops, out) && print_lines(p, text, out) &&
           fflush(out) == 0;
}
