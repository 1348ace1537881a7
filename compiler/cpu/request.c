// request.c: what plans and kernel functions depend on, as text. Nodes with equal texts share them.
#include <inttypes.h>
#include <string.h>

#include "base/strbuf.h"
#include "cpu/codegen_internal.h"

static void print_packing(StrBuf *t, const Packing *p)
{
    for (; p; p = p->next) {
        strbuf_printf(t, "{%dx%d,", p->fold[0], p->fold[1]);
        for (uint32_t i = 0; i < SHAPE_MAX_RANK; i++) {
            strbuf_printf(t, "%d,", p->base[i]);
        }
        for (uint32_t i = 0; i < p->dims; i++) {
            strbuf_printf(t, ";%d:%d*%d", p->dim[i].extent, p->dim[i].coord, p->dim[i].coef);
        }
        strbuf_add(t, "}");
    }
}

static void print_layout(StrBuf *t, const Layout *l)
{
    strbuf_printf(t, "L%d,%d,%u,%" PRIu64 ",%s", (int)l->kind, (int)l->elem, l->block, l->elements,
                  l->tag ? l->tag : "");
    print_packing(t, l->kind == LAYOUT_PACKED ? l->packing : NULL);
}

static void print_attr(StrBuf *t, const AttrDef *d, const void *attrs)
{
    const char *at = (const char *)attrs + d->offset;
    const int64_t *ints = (const void *)at;
    switch (d->type) {
    case ATTR_INT:
        strbuf_printf(t, "%" PRId64, ints[0]);
        return;
    case ATTR_FLOAT:
        strbuf_printf(t, "%a", *(const double *)(const void *)at);
        return;
    case ATTR_BOOL:
        strbuf_add(t, *(const bool *)(const void *)at ? "1" : "0");
        return;
    case ATTR_SIZE2:
        strbuf_printf(t, "%" PRId64 "x%" PRId64, ints[0], ints[1]);
        return;
    case ATTR_PAD4:
        strbuf_printf(t, "%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64, ints[0], ints[1], ints[2],
                      ints[3]);
        return;
    case ATTR_ENUM:
        strbuf_printf(t, "%" PRId32, *(const int32_t *)(const void *)at);
        return;
    case ATTR_INTS: {
        const IntList *list = (const void *)at;
        for (uint32_t i = 0; i < list->count; i++) {
            strbuf_printf(t, "%" PRId64 ",", list->at[i]);
        }
        return;
    }
    case ATTR_PACKING:
        print_packing(t, *(const Packing *const *)(const void *)at);
        return;
    }
}

static void print_op(StrBuf *t, const OpDef *op, const void *attrs)
{
    strbuf_printf(t, "%s(", op->name);
    for (uint32_t i = 0; attrs && i < op->attr_count; i++) {
        if (!op->attrs[i].weight_only) {
            print_attr(t, &op->attrs[i], attrs);
            strbuf_add(t, " ");
        }
    }
    strbuf_add(t, ")");
}

static void print_value(StrBuf *t, const Value *v)
{
    strbuf_printf(t, " %d[", (int)v->elem);
    for (uint32_t i = 0; i < v->shape.rank; i++) {
        strbuf_printf(t, "%" PRId64 ",", v->shape.dim[i]);
    }
    strbuf_printf(t, "]p%u/%u,%u", v->parts_mul, v->parts_div, v->terms);
    print_layout(t, &v->layout);
}

static void print_refs(StrBuf *t, const ExprRef *arg, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        strbuf_printf(t, " %d:%u", (int)arg[i].kind, arg[i].index);
    }
}

static void print_slots(StrBuf *t, const Node *n)
{
    for (uint32_t i = 0; n->store && i < n->store->steps.count; i++) {
        const ExprStep *s = &n->store->steps.at[i];
        strbuf_add(t, "\nstep ");
        print_op(t, s->op, s->attrs);
        print_refs(t, s->arg, s->arg_count);
    }
    if (n->store) {
        strbuf_add(t, "\nresult");
        print_refs(t, &n->store->result, 1);
    }
    for (uint32_t i = 0; i < n->side_count; i++) {
        const Side *s = &n->sides[i];
        strbuf_printf(t, "\nside %u ", s->output);
        print_op(t, s->op, s->attrs);
        print_refs(t, s->arg, s->arg_count);
    }
}

bool streams_output(const Node *n)
{
    const Place *out = &n->outputs.at[0]->place;
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        const Place *in = &n->inputs.at[i]->place;
        if (in->region == out->region && in->offset == out->offset && in->slope == out->slope) {
            return false;
        }
    }
    return n->lowering->streams;
}

// Its bytes, as words: most are small.
static void print_plan(StrBuf *t, const char *plan, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, plan + i, bytes - i < sizeof word ? bytes - i : sizeof word);
        strbuf_printf(t, "%" PRIx64 ",", word);
    }
}

static void print_lowering(StrBuf *t, const Node *n)
{
    const Lowering *low = n->lowering;
    const char *streams = streams_output(n) ? " streams" : "";
    strbuf_printf(t, "\n%s%s tasks %u/%u parts %u/%u scratch %" PRIu64 " plan ", low->kernel,
                  streams, low->tasks_mul, low->tasks_div, low->parts_mul, low->parts_div,
                  low->scratch_bytes);
    print_plan(t, low->plan, low->plan_bytes);
}

static void print_node(StrBuf *t, const Node *n)
{
    print_op(t, n->op, n->attrs);
    strbuf_printf(t, " own %u", n->own_inputs);
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        print_value(t, n->inputs.at[i]);
    }
    strbuf_add(t, " ->");
    for (uint32_t i = 0; i < n->outputs.count; i++) {
        print_value(t, n->outputs.at[i]);
    }
    print_slots(t, n);
}

const char *work_text(Arena *a, const Node *n)
{
    StrBuf t = {.arena = a};
    print_node(&t, n);
    for (uint32_t i = 0; i < n->inputs.count; i++) {
        strbuf_printf(&t, " %d", (int)n->inputs.at[i]->kind); // planners look at the model's inputs
    }
    return strbuf_text(&t);
}

const char *request_text(Arena *a, const Node *n)
{
    StrBuf t = {.arena = a};
    print_node(&t, n);
    print_lowering(&t, n);
    return strbuf_text(&t);
}
