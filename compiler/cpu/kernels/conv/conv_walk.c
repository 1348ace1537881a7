// conv_walk.c: the loops around a register tile, shared by the direct convolutions.
// A task is (block of images, tile of output channels, chunk of rows), in this order, so that
// neighbours share images and then weights; or (images, chunk, tile), so that they share rows.
// Inside: images, rows, phases, column tiles. Column tiles that meet the border are emitted each on
// its own, so that padded taps cost nothing; runs of equal inner tiles are a loop.
// Not here: what a tile computes (conv_direct.c, conv_grouped.c, conv_expanded.c, ...), how tiles
// are chosen (conv_plan.c).
#include "cpu/kernels/conv/conv_walk.h"

#include "base/internal_error.h"

static void clear_sums(ConvWalk *w)
{
    for (int64_t o = 0; o < w->blocks; o++) {
        SumPlace at = {w->part, vb_addi(w->b, w->block, o)};
        emit_clear_sums(w->e, &at);
    }
}

// Epilogue of a tile whose first vector stands at byte `offset` of the output.
static void store_tile(ConvWalk *w, const ConvTile *t, Val image, Val offset, const Val *acc)
{
    Vb *b = w->b;
    for (int64_t o = 0; o < t->blocks; o++) {
        Val block = vb_addi(b, w->block, o), sum[EMIT_MAX_SUMS];
        SumPlace partial = {w->part, block};
        emit_open_sums(w->e, &partial, sum);
        for (int64_t i = 0; i < t->images; i++) {
            ExprPlace at = {.image = vb_addi(b, image, i), .block = block, .offset = offset};
            emit_hold(w->e, &at);
            for (int64_t c = 0; c < t->columns; c++) {
                at.offset_const = i * w->out_image + o * w->out_plane +
                                  elem_size(w->out_elem, c * w->pass->spread[1] * b->width);
                int64_t nth = (i * t->columns + c) * t->blocks + o;
                Val raw = acc[nth] ? acc[nth] : access_load(b, conv_total(w, nth));
                Val stored = emit_store_expr(w->e, raw, &at);
                emit_store_output(w->e, stored, &at);
                if (nth == o) {
                    emit_count_sums(w->e, stored, t->images * t->columns, sum);
                }
                emit_add_sums(w->e, stored, &at, sum);
            }
            emit_release(w->e);
        }
        emit_flush_sums(w->e, &partial, sum);
    }
}

static void start_tile(ConvWalk *w, const ConvTile *t, Val *acc)
{
    Vb *b = w->b;
    for (int64_t o = 0; o < t->blocks; o++) {
        Val first = vb_zero(b);
        if (w->pass->bias) {
            Access bias = access_index(b, emit_input(w->e, 2), w->block, b->width);
            first = access_load(b, access_ati(b, bias, access_bytes(bias, o * b->width)));
        }
        for (int64_t p = 0; p < t->images * t->columns; p++) {
            acc[p * t->blocks + o] = first;
        }
    }
}

// Where a row of tiles stands.
typedef struct RowPlace {
    Val image, row; // row of the phase
    int64_t images;
    bool empty;    // no tap row lies inside the picture
    ConvTile tile; // all but its columns
} RowPlace;

// Each tile prefetches its share of the weights of the next output channels. The last ones' share
// lies behind the tensor, where the next layer's weights may be; a prefetch never faults.
static void share_coming(ConvWalk *w, const RowPlace *r, Val column, ConvTile *t)
{
    Vb *b = w->b;
    const ConvPhase *f = t->phase;
    int64_t slice = elem_size(w->weight_elem, f->slice);
    int64_t passes = div_up(w->plan->tiles.image_div, w->plan->tiles.images);
    int64_t pixels = f->count[0] * f->count[1];
    Val pass = vb_divi(b, vb_sub(b, r->image, w->image_lo), w->plan->tiles.images);
    Val pixel = vb_add(b, vb_muli(b, r->row, f->count[1]), column);
    if (w->plan->tiles.across) { // the next task has the next channels of the same chunk
        pixels = pixels > w->plan->tiles.chunks ? pixels / w->plan->tiles.chunks : 1;
        pixel = vb_sub(b, pixel, w->chunk_pixel);
    }
    pixel = vb_add(b, pixel, vb_muli(b, pass, pixels));
    int64_t per_pixel = div_up(slice, pixels * passes);
    int64_t steps = conv_in_blocks(w->pass) * conv_in_step(w->pass) * f->taps[0] * f->taps[1];
    t->coming_step = div_up(per_pixel * t->columns, steps);
    t->coming = vb_at(b, t->weights, vb_addi(b, vb_muli(b, pixel, per_pixel), slice));
}

// column: of the phase; first: -1 for inner tiles.
static void emit_tile(ConvWalk *w, const RowPlace *r, Val column, int64_t first, int64_t columns)
{
    Vb *b = w->b;
    ConvTile t = r->tile;
    const ConvPhase *f = t.phase;
    int64_t pixel = elem_size(w->in_elem, w->pass->in_block);
    t.columns = columns;
    t.first_column = first;
    if (first < 0) {
        Val x = vb_addi(b, vb_muli(b, column, w->pass->stride[1]), -f->pad[1]);
        t.input = vb_at(b, t.input, vb_muli(b, x, pixel));
    }
    if (w->plan->prefetch) {
        share_coming(w, r, column, &t);
    }
    if (t.images * columns * t.blocks > CONV_MAX_ACC - 3) {
        INTERNAL_ERROR("tile of %d accumulators", (int)(t.images * columns * t.blocks));
    }
    Val acc[CONV_MAX_ACC];
    start_tile(w, &t, acc);
    if (!r->empty && f->taps[0] * f->taps[1] > 0) {
        w->reduce(w, &t, acc);
    }
    Val y = vb_addi(b, vb_muli(b, r->row, w->pass->spread[0]), f->first[0]);
    Val x = vb_addi(b, vb_muli(b, column, w->pass->spread[1]), f->first[1]);
    Val offset = vb_add(b, vb_muli(b, r->image, w->out_image), vb_muli(b, w->block, w->out_plane));
    offset = vb_add(b, offset, vb_muli(b, y, w->out_row));
    offset = vb_add(b, offset, vb_muli(b, x, elem_size(w->out_elem, b->width)));
    store_tile(w, &t, r->image, offset, acc);
}

static bool is_inner(const ConvWalk *w, const ConvPhase *f, int64_t first, int64_t columns)
{
    int64_t stride = w->pass->stride[1];
    return first * stride >= f->pad[1] &&
           (first + columns - 1) * stride - f->pad[1] + f->taps[1] <= w->pass->in_w;
}

static void emit_columns(ConvWalk *w, const RowPlace *r)
{
    Vb *b = w->b;
    const ConvPhase *f = r->tile.phase;
    ConvSplit split = conv_split(f->count[1], w->columns);
    for (int64_t i = 0; i < split.tiles;) {
        int64_t first = conv_split_start(&split, i), columns = split.width - (i >= split.wide);
        int64_t run = 0; // equal inner tiles from i on
        while (i + run < split.tiles && split.width - (i + run >= split.wide) == columns &&
               is_inner(w, f, first + run * columns, columns)) {
            run++;
        }
        if (run < 2) {
            emit_tile(w, r, vb_int(b, first), run == 1 ? -1 : first, columns);
            i++;
            continue;
        }
        VbLoop loop =
            vb_loop(b, vb_int(b, first), vb_int(b, first + run * columns), columns, NULL, 0);
        emit_tile(w, r, loop.index, -1, columns);
        vb_loop_end(b, &loop, NULL);
        i += run;
    }
}

static Val phase_weights(ConvWalk *w, const ConvPhase *f)
{
    Access all = emit_input(w->e, 1);
    Val offset = vb_muli(w->b, w->tile, access_bytes(all, f->slice));
    return access_at(w->b, all, vb_addi(w->b, offset, access_bytes(all, f->weights))).at;
}

static Val image_input(ConvWalk *w, Val image)
{
    if (w->stage) {
        return w->staged;
    }
    Val offset = vb_muli(w->b, image, w->in_image);
    if (w->plan->in_group) {
        Val group = vb_muli(w->b, w->group, elem_size(w->in_elem, w->plan->in_group));
        offset = vb_add(w->b, offset, group);
    }
    return access_at(w->b, emit_input(w->e, 0), offset).at;
}

// Whether some, or all, rows of the phase have no tap row inside the picture.
static void find_empty_rows(const ConvWalk *w, const ConvPhase *f, bool *some, bool *all)
{
    *some = false;
    *all = true;
    for (int64_t y = 0; y < f->count[0]; y++) {
        int64_t lo, hi;
        conv_tap_range(w->pass, f, 0, y, &lo, &hi);
        *some |= hi <= lo;
        *all &= hi <= lo;
    }
}

static void emit_row(ConvWalk *w, const ConvPhase *f, Val image, int64_t images, Val row)
{
    Vb *b = w->b;
    RowPlace r = {.image = image, .row = row, .images = images};
    r.tile = (ConvTile){.phase = f, .images = images, .blocks = w->blocks};
    r.tile.input = image_input(w, image);
    r.tile.weights = phase_weights(w, f);
    bool some_empty, all_empty;
    find_empty_rows(w, f, &some_empty, &all_empty);
    if (all_empty) {
        r.empty = true;
        emit_columns(w, &r);
        return;
    }
    Val start = vb_addi(b, vb_muli(b, row, w->pass->stride[0]), -f->pad[0]);
    r.tile.row = start;
    r.tile.tap_lo = vb_max(b, vb_int(b, 0), vb_sub(b, vb_int(b, 0), start));
    r.tile.tap_hi = vb_min(b, vb_int(b, f->taps[0]), vb_sub(b, vb_int(b, w->pass->in_h), start));
    if (!some_empty) {
        emit_columns(w, &r);
        return;
    }
    Val has_taps = vb_icmp(b, LLVMIntSLT, r.tile.tap_lo, r.tile.tap_hi);
    VbIf inside = vb_if(b, has_taps);
    emit_columns(w, &r);
    vb_if_end(b, &inside);
    VbIf outside = vb_if(b, LLVMBuildNot(b->builder, has_taps, ""));
    r.empty = true;
    emit_columns(w, &r);
    vb_if_end(b, &outside);
}

// chunk * total / chunks: where a chunk of the task begins.
static Val chunk_start(ConvWalk *w, Val chunk, int64_t total)
{
    return vb_divi(w->b, vb_muli(w->b, chunk, total), w->plan->tiles.chunks);
}

static void emit_rows(ConvWalk *w, Val image, int64_t images)
{
    Vb *b = w->b;
    const ConvPass *p = w->pass;
    int64_t rows = p->phase[0].count[0]; // no later phase has more
    Val lo = chunk_start(w, w->chunk, rows), hi = chunk_start(w, vb_addi(b, w->chunk, 1), rows);
    if (w->stage) {
        w->stage(w, image, lo, hi);
    }
    w->chunk_pixel = vb_muli(b, lo, p->phase[0].count[1]);
    VbLoop loop = vb_loop(b, lo, hi, 1, NULL, 0);
    for (uint32_t i = 0; i < p->phase_count; i++) {
        const ConvPhase *f = &p->phase[i];
        if (f->count[0] == rows) {
            emit_row(w, f, image, images, loop.index);
            continue;
        }
        VbIf inside = vb_if(b, vb_icmp(b, LLVMIntSLT, loop.index, vb_int(b, f->count[0])));
        emit_row(w, f, image, images, loop.index);
        vb_if_end(b, &inside);
    }
    vb_loop_end(b, &loop, NULL);
}

// A flat picture is one row; a chunk is a range of its column tiles.
static void emit_flat(ConvWalk *w, Val image, int64_t images)
{
    Vb *b = w->b;
    const ConvPhase *f = &w->pass->phase[0];
    ConvSplit split = conv_split(f->count[1], w->columns);
    Val lo = chunk_start(w, w->chunk, split.tiles);
    Val hi = chunk_start(w, vb_addi(b, w->chunk, 1), split.tiles);
    Val wide = vb_min(b, lo, vb_int(b, split.wide));
    w->chunk_pixel = vb_add(b, vb_muli(b, lo, split.width - 1), wide);
    RowPlace r = {.image = image, .row = vb_int(b, 0), .images = images};
    r.tile = (ConvTile){.phase = f, .images = images, .blocks = w->blocks};
    r.tile.input = image_input(w, image);
    r.tile.weights = phase_weights(w, f);
    for (int part = 0; part < 2; part++) { // the wide tiles, then the others
        int64_t begin = part ? split.wide : 0, end = part ? split.tiles : split.wide;
        int64_t columns = split.width - part;
        if (begin == end) {
            continue;
        }
        Val from = vb_max(b, lo, vb_int(b, begin)), to = vb_min(b, hi, vb_int(b, end));
        VbIf some = vb_if(b, vb_icmp(b, LLVMIntSLT, from, to));
        VbLoop loop = vb_loop(b, from, to, 1, NULL, 0);
        Val column = vb_addi(b, vb_muli(b, loop.index, columns), part ? split.wide : 0);
        emit_tile(w, &r, column, -1, columns);
        vb_loop_end(b, &loop, NULL);
        vb_if_end(b, &some);
    }
}

static void emit_image(ConvWalk *w, Val image, int64_t images)
{
    if (w->pass->flat) {
        emit_flat(w, image, images);
    } else {
        emit_rows(w, image, images);
    }
}

static void emit_image_loop(ConvWalk *w, Val lo, Val hi, int64_t images)
{
    Vb *b = w->b;
    VbIf some = vb_if(b, vb_icmp(b, LLVMIntSLT, lo, hi));
    VbLoop loop = vb_loop(b, lo, hi, images, NULL, 0);
    emit_image(w, loop.index, images);
    vb_loop_end(b, &loop, NULL);
    vb_if_end(b, &some);
}

// The images of a task for a tile of w->blocks output channels: as many together as the plan says,
// then the rest one by one.
static void emit_images(ConvWalk *w, int64_t images)
{
    Vb *b = w->b;
    clear_sums(w);
    Val middle = w->image_lo;
    if (images > 1) {
        Val whole = vb_divi(b, vb_sub(b, w->image_hi, w->image_lo), images);
        middle = vb_add(b, w->image_lo, vb_muli(b, whole, images));
        emit_image_loop(w, w->image_lo, middle, images);
    }
    emit_image_loop(w, middle, w->image_hi, 1);
}

static void emit_task(ConvWalk *w, Val task)
{
    Vb *b = w->b;
    const ConvTiles *t = &w->plan->tiles;
    int64_t blocks = conv_out_blocks(w->pass, b->width), per_group = div_up(blocks, t->blocks);
    int64_t mul = w->pass->groups * per_group * t->chunks;
    Val part = vb_divi(b, task, mul), rest = vb_remi(b, task, mul);
    if (t->across) {
        w->tile = vb_remi(b, rest, w->pass->groups * per_group);
        w->chunk = vb_divi(b, rest, w->pass->groups * per_group);
    } else {
        w->chunk = vb_remi(b, rest, t->chunks);
        w->tile = vb_divi(b, rest, t->chunks);
    }
    w->group = vb_divi(b, w->tile, per_group);
    Val in_group = vb_remi(b, w->tile, per_group);
    w->block = vb_add(b, vb_muli(b, w->group, blocks), vb_muli(b, in_group, t->blocks));
    w->part = vb_add(b, vb_muli(b, part, t->chunks), w->chunk);
    w->image_lo = vb_muli(b, part, t->image_div);
    w->image_hi = vb_min(b, vb_addi(b, w->image_lo, t->image_div), w->e->batch);
    w->blocks = t->blocks;
    w->columns = t->columns;
    if (!t->tail_blocks) {
        emit_images(w, t->images);
        return;
    }
    Val is_last = vb_icmp(b, LLVMIntEQ, in_group, vb_int(b, per_group - 1));
    VbIf full = vb_if(b, LLVMBuildNot(b->builder, is_last, ""));
    emit_images(w, t->images);
    vb_if_end(b, &full);
    VbIf tail = vb_if(b, is_last);
    w->blocks = t->tail_blocks;
    w->columns = t->tail_columns;
    emit_images(w, 1);
    vb_if_end(b, &tail);
}

void conv_walk(Emit *e, ConvReduce reduce, ConvStage stage)
{
    const ConvPlan *plan = e->lowering->plan;
    ConvWalk w = {.e = e, .b = e->vb, .plan = plan, .reduce = reduce, .stage = stage};
    w.pass = &plan->pass;
    w.in_elem = stage ? ELEM_F32 : emit_input(e, 0).elem;
    w.weight_elem = emit_input(e, 1).elem;
    w.out_elem = emit_output(e, 0).elem;
    w.in_row = elem_size(w.in_elem, plan->in_row);
    w.in_plane = elem_size(w.in_elem, plan->in_plane);
    w.in_image = elem_size(w.in_elem, plan->in_image);
    w.out_row = elem_size(w.out_elem, plan->out_row);
    w.out_plane = elem_size(w.out_elem, plan->out_plane);
    w.out_image = elem_size(w.out_elem, plan->out_image);
    Val task;
    TaskLoop loop = emit_tasks(e, &task);
    emit_task(&w, task);
    emit_tasks_end(e, &loop);
}
