// trace.c: see trace.h. Each worker writes into its own list, so that recording needs no lock.
#include "tool/measure/trace.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "tool/cli/messages.h"

typedef struct Event {
    RnTraceEvent work; // step NULL: the caller's own work
    const char *name;
} Event;

typedef struct Lane {
    Event *events; // malloc: the arena belongs to one thread
    uint32_t count, capacity;
    uint64_t lost;
    char pad[64]; // lanes of different threads share no cache line
} Lane;

struct Trace {
    Arena *arena;
    const char *path;
    RnSession *session;
    unsigned workers;
    Lane *lanes;
    uint64_t start_ns;
};

static void add_event(Lane *lane, const Event *event)
{
    if (lane->count == lane->capacity && lane->count < TRACE_MAX_EVENTS) {
        uint32_t capacity = lane->capacity ? 2 * lane->capacity : 1024;
        Event *more = realloc(lane->events, capacity * sizeof *more);
        if (more) {
            lane->events = more;
            lane->capacity = capacity;
        }
    }
    if (lane->count < lane->capacity) {
        lane->events[lane->count++] = *event;
    } else {
        lane->lost++;
    }
}

static void record(void *context, const RnTraceEvent *work)
{
    Trace *t = context;
    Event event = {.work = *work};
    add_event(&t->lanes[work->worker], &event);
}

ExitCode trace_start(Arena *a, const char *path, RnSession *session, Trace **out)
{
    *out = NULL;
    if (!path) {
        return EXIT_OK;
    }
    ExitCode code = report_check_output(a, path);
    if (code != EXIT_OK) {
        return code;
    }
    Trace *t = ARENA_NEW(a, Trace);
    t->arena = a;
    t->path = path;
    t->session = session;
    t->workers = rn_pool_threads(rn_session_pool(session));
    t->lanes = ARENA_ARRAY(a, Lane, t->workers);
    t->start_ns = clock_ns();
    rn_session_set_trace(session, record, t);
    *out = t;
    return EXIT_OK;
}

void trace_add(Trace *t, const char *name, uint64_t start_ns)
{
    if (!t) {
        return;
    }
    Event event = {.name = name, .work = {.start_ns = start_ns, .end_ns = clock_ns()}};
    add_event(&t->lanes[0], &event);
}

static void print_step(StrBuf *out, const RnTraceEvent *w)
{
    const RnKernel *k = rn_step_kernel(w->model, w->step);
    const RnLayer *l = rn_step_layer(w->model, w->step);
    double share = (double)w->tasks / w->step_tasks;
    double flops = (double)k->flops_fixed + (double)k->flops_per_image * w->batch;
    double bytes = (double)k->bytes_fixed + (double)k->bytes_per_image * w->batch;
    strbuf_add(out, ", \"cat\": ");
    strbuf_add_json(out, rn_text(w->model, k->work));
    strbuf_add(out, ", \"args\": {\"layer\": ");
    strbuf_add_json(out, rn_text(w->model, l->name));
    strbuf_add(out, ", \"kernel\": ");
    strbuf_add_json(out, rn_text(w->model, k->algorithm));
    strbuf_printf(out,
                  ", \"line\": %u, \"batch\": %u, \"tasks\": %u, \"of_tasks\": %u, "
                  "\"GFLOP\": %.6g, \"GFLOP/s\": %.4g, \"MB\": %.6g}",
                  l->line, w->batch, w->tasks, w->step_tasks, 1e-9 * flops * share,
                  flops * share / ((double)(w->end_ns - w->start_ns) + 1), 1e-6 * bytes * share);
}

static const char *step_name(Arena *a, const RnTraceEvent *w)
{
    return arena_printf(a, "%s %s", rn_text(w->model, rn_step_layer(w->model, w->step)->name),
                        rn_text(w->model, rn_step_kernel(w->model, w->step)->work));
}

// Threads are numbered from 1: viewers take thread 0 of a process for none, and thread 1 of process
// 1 for its main thread.
static unsigned trace_thread(unsigned worker)
{
    return worker + 1;
}

static void print_event(const Trace *t, StrBuf *out, unsigned lane, const Event *e)
{
    strbuf_add(out, ",\n{\"ph\": \"X\", \"name\": ");
    strbuf_add_json(out, e->name ? e->name : step_name(out->arena, &e->work));
    strbuf_printf(out, ", \"pid\": 1, \"tid\": %u, \"ts\": %.3f, \"dur\": %.3f", trace_thread(lane),
                  1e-3 * (double)(e->work.start_ns - t->start_ns),
                  1e-3 * (double)(e->work.end_ns - e->work.start_ns));
    if (e->work.step) {
        print_step(out, &e->work);
    }
    strbuf_add(out, "}");
}

static void print_trace(const Trace *t, StrBuf *out)
{
    const RnModel *m = rn_session_model(t->session);
    strbuf_add(out, "{\"displayTimeUnit\": \"ms\", \"otherData\": {\"compiler\": ");
    strbuf_add_json(out, m->compiler);
    strbuf_add(out, ", \"target\": ");
    strbuf_add_json(out, m->isa);
    strbuf_add(out, "},\n\"traceEvents\": [\n{\"ph\": \"M\", \"name\": \"process_name\", "
                    "\"pid\": 1, \"tid\": 1, \"args\": {\"name\": ");
    strbuf_add_json(out, m->name);
    strbuf_add(out, "}}");
    for (unsigned i = 0; i < t->workers; i++) {
        strbuf_printf(out,
                      ",\n{\"ph\": \"M\", \"name\": \"thread_name\", \"pid\": 1, \"tid\": %u, "
                      "\"args\": {\"name\": \"thread %u\"}}",
                      trace_thread(i), i);
    }
    for (unsigned i = 0; i < t->workers; i++) {
        for (uint32_t k = 0; k < t->lanes[i].count; k++) {
            print_event(t, out, i, &t->lanes[i].events[k]);
        }
    }
    strbuf_add(out, "\n]}\n");
}

ExitCode trace_finish(Trace *t)
{
    if (!t) {
        return EXIT_OK;
    }
    rn_session_set_trace(t->session, NULL, NULL);
    Arena *a = arena_create(); // the text may be long, and its pieces are many
    StrBuf out = {.arena = a};
    print_trace(t, &out);
    ExitCode code = report_write(a, t->path, strbuf_text(&out), out.count);
    arena_destroy(a);
    uint64_t lost = 0;
    for (unsigned i = 0; i < t->workers; i++) {
        lost += t->lanes[i].lost;
        free(t->lanes[i].events);
    }
    if (lost) {
        fprintf(stderr, "resnetc: %s holds the first %d events of each thread; %llu more came\n",
                t->path, TRACE_MAX_EVENTS, (unsigned long long)lost);
    }
    return code;
}
