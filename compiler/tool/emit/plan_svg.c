// plan_svg.c: --emit=plan-svg. A panel's x is the step, its y the offset in the arena at the plan's
// batch; a rectangle is a buffer while it lives, coloured by what it holds. Each step's scratch is
// where the plan has a place for it, else above the arena. Lines mark the peak and the lower bound
// that no placement can beat. Not here: lifetimes and offsets (passes/plan_lives.c,
// plan_buffers.c).
#include "tool/emit/emit.h"

#include <inttypes.h>
#include <string.h>

#include "tool/report/svg.h"
#include "ir/lowering.h"
#include "ir/opdef.h"
#include "passes/plan.h"

// Of a panel, in pixels.
#define WIDTH 1200
#define HEIGHT 560
#define LEFT 84
#define RIGHT 1176
#define TOP 84
#define BOTTOM 484

typedef enum Holds {
    HOLDS_ACTIVATION,
    HOLDS_KEPT,
    HOLDS_GRADIENT,
    HOLDS_WEIGHTS,
    HOLDS_SUMS,
    HOLDS_SCRATCH,
    HOLDS_COUNT
} Holds;

static const struct {
    const char *name, *color;
} legend[HOLDS_COUNT] = {
    [HOLDS_ACTIVATION] = {"activation", "#6baed6"},
    [HOLDS_KEPT] = {"activation kept for backward", "#2f6fb0"},
    [HOLDS_GRADIENT] = {"gradient of an activation", "#e6863c"},
    [HOLDS_WEIGHTS] = {"weights and vectors", "#9e8ac8"},
    [HOLDS_SUMS] = {"channel sums", "#57a55a"},
    [HOLDS_SCRATCH] = {"scratch of a step, one thread", "#c9c9c9"},
};

// What is drawn of a buffer: the values that follow each other in it are one rectangle.
typedef struct Rect {
    const Value *value; // the first of them
    const PlanBuffer *buffer;
    uint64_t from, bytes;
    Holds holds;
} Rect;

typedef struct Panel {
    Arena *arena;
    const Graph *g;
    StrBuf *out;
    PlanLives lives;
    VEC(Rect) rects;
    const Node **node_of; // by step
    uint64_t arena_bytes, scratch_bytes, total_bytes, bound_bytes;
    uint32_t first_backward; // step, or lives.steps
    double top;              // of the panel
} Panel;

static double x_of(const Panel *p, double step)
{
    return LEFT + step / (double)p->lives.steps * (RIGHT - LEFT);
}

static double y_of(const Panel *p, uint64_t bytes)
{
    double whole = 1.04 * (double)p->total_bytes + 1;
    return p->top + BOTTOM - (double)bytes / whole * (BOTTOM - TOP);
}

static const char *bytes_text(Arena *a, double bytes)
{
    if (bytes <= 0) {
        return "0";
    }
    if (bytes >= 1e9) {
        return arena_printf(a, "%.2f GB", 1e-9 * bytes);
    }
    return bytes >= 1e6 ? arena_printf(a, "%.1f MB", 1e-6 * bytes)
                        : arena_printf(a, "%.1f kB", 1e-3 * bytes);
}

static Holds what_it_holds(const Panel *p, const Value *v, const PlanBuffer *b)
{
    if (v->terms) {
        return HOLDS_SUMS;
    }
    if (b->bytes.fixed) {
        return HOLDS_WEIGHTS;
    }
    if (v->def->phase != PHASE_FORWARD) {
        return HOLDS_GRADIENT;
    }
    return b->last >= p->first_backward ? HOLDS_KEPT : HOLDS_ACTIVATION;
}

static void add_rect(Panel *p, const Value *v, bool *seen)
{
    uint32_t index = p->lives.buffer_of[v->id];
    if (!index || seen[index]) {
        return;
    }
    seen[index] = true;
    const PlanBuffer *b = &p->lives.buffers.at[index - 1];
    uint64_t batch = p->g->plan_batch;
    Rect r = {.value = v, .buffer = b, .holds = what_it_holds(p, v, b)};
    r.from = v->place.offset + batch * v->place.slope;
    r.bytes = b->bytes.fixed + batch * b->bytes.per_image;
    VEC_PUSH(p->arena, &p->rects, r);
}

static void collect(Panel *p)
{
    const Graph *g = p->g;
    plan_lives(p->arena, g, &p->lives);
    PlanBound bound = plan_bound(p->arena, g, &p->lives);
    p->arena_bytes = g->arena_fixed + g->plan_batch * g->arena_per_image;
    p->scratch_bytes = plan_scratch(g);
    p->total_bytes = plan_total(g);
    p->bound_bytes = bound.fixed + g->plan_batch * bound.per_image + bound.scratch;
    p->node_of = ARENA_ARRAY(p->arena, const Node *, p->lives.steps + 1);
    p->first_backward = p->lives.steps;
    uint32_t step = 0;
    for (const Node *n = g->first; n; n = n->next) {
        if (!plan_is_step(n)) {
            continue;
        }
        if (n->phase == PHASE_BACKWARD && p->first_backward == p->lives.steps) {
            p->first_backward = step;
        }
        p->node_of[step++] = n;
    }
    bool *seen = ARENA_ARRAY(p->arena, bool, p->lives.buffers.count + 1);
    for (const Node *n = g->first; n; n = n->next) {
        for (uint32_t i = 0; i < n->outputs.count; i++) {
            add_rect(p, n->outputs.at[i], seen);
        }
    }
}

static void draw_box(const Panel *p, double from_step, double to_step, uint64_t from, uint64_t to,
                     Holds holds, const char *tip)
{
    double x = x_of(p, from_step), width = x_of(p, to_step) - x;
    double y = y_of(p, to), height = y_of(p, from) - y;
    strbuf_printf(p->out,
                  "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"%s\" "
                  "stroke=\"#fff\" stroke-width=\"%.2f\"><title>",
                  x, y, width, height, legend[holds].color,
                  width > 3 && height > 3 ? 0.8 : 0.0); // thin ones would be all edge
    svg_escape(p->out, tip);
    strbuf_add(p->out, "</title></rect>\n");
}

// The name, as much of its end as fits, where there is room.
static void draw_name(const Panel *p, const Rect *r)
{
    const char *name = r->value->def->name ? r->value->def->name : r->value->def->op->name;
    double x = x_of(p, r->buffer->first), width = x_of(p, r->buffer->last + 1) - x;
    double high = y_of(p, r->from), low = y_of(p, r->from + r->bytes);
    size_t room = width > 12 ? (size_t)((width - 6) / 5.6) : 0;
    if (high - low < 11 || room < 3) {
        return;
    }
    size_t length = strlen(name);
    const char *last = strrchr(name, '.');
    if (length > room && last && strlen(last) > 1) {
        name = last + 1;
        length = strlen(name);
    }
    if (length <= room) {
        svg_text(p->out, x + width / 2, (high + low) / 2 + 3.5, "middle",
                 r->holds == HOLDS_KEPT ? "#fff" : "#10202f", name);
    }
}

static void draw_buffers(const Panel *p)
{
    for (uint32_t i = 0; i < p->rects.count; i++) {
        const Rect *r = &p->rects.at[i];
        StrBuf tip = {.arena = p->arena};
        strbuf_printf(&tip, "%s %s ", r->value->def->name, r->value->def->op->name);
        shape_print(&tip, &r->value->shape, r->value->elem);
        strbuf_printf(&tip, ", steps %u to %u, %s", r->buffer->first, r->buffer->last,
                      bytes_text(p->arena, (double)r->bytes));
        draw_box(p, r->buffer->first, r->buffer->last + 1, r->from, r->from + r->bytes, r->holds,
                 strbuf_text(&tip));
    }
    strbuf_add(p->out, "<g font-size=\"10\">\n");
    for (uint32_t i = 0; i < p->rects.count; i++) {
        draw_name(p, &p->rects.at[i]);
    }
    strbuf_add(p->out, "</g>\n");
}

static void draw_scratch(const Panel *p)
{
    for (uint32_t i = 0; i < p->lives.steps; i++) {
        uint64_t bytes = p->node_of[i]->lowering->scratch_bytes;
        const Place *place = &p->node_of[i]->scratch;
        uint64_t from =
            place->placed ? place->offset + p->g->plan_batch * place->slope : p->arena_bytes;
        if (bytes) {
            draw_box(p, i, i + 1, from, from + bytes, HOLDS_SCRATCH,
                     arena_printf(p->arena, "scratch of step %u, %s", i,
                                  bytes_text(p->arena, (double)bytes)));
        }
    }
}

static void draw_line(const Panel *p, uint64_t bytes, const char *color, const char *dash)
{
    double y = y_of(p, bytes);
    strbuf_printf(p->out,
                  "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"%s\" "
                  "stroke-width=\"1.5\" stroke-dasharray=\"%s\"/>\n",
                  LEFT, y, RIGHT, y, color, dash);
}

static void draw_axes(const Panel *p)
{
    double whole = (double)p->total_bytes + 1;
    double tick = svg_round_tick(whole, 8);
    for (int i = 0; i * tick <= whole; i++) {
        double y = y_of(p, (uint64_t)(i * tick));
        strbuf_printf(p->out,
                      "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#eaeaea\"/>\n",
                      LEFT, y, RIGHT, y);
        svg_text(p->out, LEFT - 8, y + 4, "end", "#333", bytes_text(p->arena, i * tick));
    }
    double step_tick = p->lives.steps > 10 ? svg_round_tick(p->lives.steps, 12) : 1;
    for (int i = 0; i * step_tick <= p->lives.steps; i++) {
        svg_text(p->out, x_of(p, i * step_tick), p->top + BOTTOM + 16, "middle", "#333",
                 arena_printf(p->arena, "%g", i * step_tick));
    }
}

// "layer1" of "layer1.0.conv1": what the axis says of a step.
static const char *part_of(Arena *a, const Node *n)
{
    return n->name ? arena_strndup(a, n->name, strcspn(n->name, ".")) : n->op->name;
}

// Names the parts of the network under the axis, where there is room.
static void draw_parts(const Panel *p)
{
    double y = p->top + BOTTOM + 34;
    strbuf_add(p->out, "<g font-size=\"11\">\n");
    for (uint32_t i = 0, next; i < p->lives.steps; i = next) {
        const char *part = part_of(p->arena, p->node_of[i]);
        for (next = i + 1;
             next < p->lives.steps && strcmp(part_of(p->arena, p->node_of[next]), part) == 0;) {
            next++;
        }
        double from = x_of(p, i), to = x_of(p, next);
        strbuf_printf(p->out,
                      "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#777\"/>\n",
                      from + 1, y - 11, to - 1, y - 11);
        if ((double)strlen(part) * 6.4 < to - from) {
            svg_text(p->out, (from + to) / 2, y + 2, "middle", "#333", part);
        }
    }
    strbuf_add(p->out, "</g>\n");
    if (p->first_backward < p->lives.steps) {
        double x = x_of(p, p->first_backward);
        strbuf_printf(p->out,
                      "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#555\" "
                      "stroke-dasharray=\"2,3\"/>\n",
                      x, p->top + TOP, x, p->top + BOTTOM);
        svg_text(p->out, x - 6, p->top + TOP + 12, "end", "#333", "forward");
        svg_text(p->out, x + 6, p->top + TOP + 12, "start", "#333", "backward");
    }
    svg_text(p->out, (LEFT + RIGHT) / 2.0, p->top + BOTTOM + 58, "middle", "#333",
             "step, and the part of the network it belongs to");
}

static void draw_legend(const Panel *p)
{
    bool used[HOLDS_COUNT] = {[HOLDS_SCRATCH] = p->scratch_bytes > 0};
    for (uint32_t i = 0; i < p->rects.count; i++) {
        used[p->rects.at[i].holds] = true;
    }
    double x = LEFT, y = p->top + TOP - 26;
    for (int i = 0; i < HOLDS_COUNT; i++) {
        if (!used[i]) {
            continue;
        }
        strbuf_printf(p->out,
                      "<rect x=\"%.1f\" y=\"%.1f\" width=\"12\" height=\"12\" fill=\"%s\"/>\n", x,
                      y, legend[i].color);
        svg_text(p->out, x + 17, y + 10, "start", "#333", legend[i].name);
        x += 34 + 6.6 * (double)strlen(legend[i].name);
    }
}

static void draw_title(const Panel *p)
{
    Arena *a = p->arena;
    uint64_t peak = p->total_bytes;
    const char *where = p->g->scratch_placed ? ", one thread's in the arena" : "";
    strbuf_add(p->out, "<g font-size=\"16\" font-weight=\"bold\">\n");
    svg_text(p->out, LEFT, p->top + 26, "start", "#111",
             arena_printf(a, "%s, %s, batch %u", p->g->name,
                          p->g->mode == MODE_TRAIN ? "training" : "inference", p->g->plan_batch));
    strbuf_add(p->out, "</g>\n");
    svg_text(
        p->out, LEFT, p->top + 46, "start", "#333",
        arena_printf(a,
                     "peak %s (arena %s; scratch %s per thread%s); lower bound %s: no placement "
                     "of these buffers needs less; peak / bound %.3f",
                     bytes_text(a, (double)peak), bytes_text(a, (double)p->arena_bytes),
                     bytes_text(a, (double)p->scratch_bytes), where,
                     bytes_text(a, (double)p->bound_bytes),
                     p->bound_bytes ? (double)peak / (double)p->bound_bytes : 1.0));
}

static void draw_panel(Panel *p)
{
    draw_title(p);
    draw_legend(p);
    draw_axes(p);
    draw_buffers(p);
    draw_scratch(p);
    draw_parts(p);
    draw_line(p, p->total_bytes, "#b3261e", "none");
    draw_line(p, p->bound_bytes, "#1b7f3b", "7,4");
    svg_text(p->out, RIGHT, y_of(p, p->total_bytes) - 5, "end", "#b3261e", "peak");
    svg_text(p->out, RIGHT, y_of(p, p->bound_bytes) + 14, "end", "#1b7f3b", "lower bound");
}

// One panel per plan: steps to the right, bytes of the arena upwards, a rectangle per buffer.
static void draw(const Graph *const *plans, uint32_t count, StrBuf *out)
{
    unsigned height = count * HEIGHT;
    strbuf_printf(out,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
                  "viewBox=\"0 0 %d %u\" font-family=\"sans-serif\" font-size=\"12\">\n"
                  "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n",
                  WIDTH, height, WIDTH, height);
    for (uint32_t i = 0; i < count; i++) {
        Panel p = {.arena = out->arena, .g = plans[i], .out = out, .top = i * (double)HEIGHT};
        collect(&p);
        draw_panel(&p);
    }
    strbuf_add(out, "</svg>\n");
}

static const void *make(Arena *a, Build *b, size_t *bytes)
{
    StrBuf text = {.arena = a};
    const Graph *plans[BUILD_MAX_PLANS];
    for (uint32_t i = 0; i < build_plan_count(b); i++) {
        plans[i] = build_plan(b, i);
    }
    draw(plans, build_plan_count(b), &text);
    return emit_text(&text, bytes);
}

const EmitDef emit_plan_svg = {
    .name = "plan-svg",
    .doc = "where each value lies in memory, as a picture",
    .needs = EMIT_NEEDS_PLANS,
    .make = make,
};
