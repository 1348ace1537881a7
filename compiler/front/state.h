// state.h: what the parts of the front end share. Private to front/.
#ifndef FRONT_STATE_H
#define FRONT_STATE_H

#include "base/intern.h"
#include "dsl/parse.h"
#include "front/front.h"
#include "front/namemap.h"
#include "front/val.h"
#include "ir/builder.h"

/// A part of a parameter path (path.c).
typedef struct Scope Scope;
struct Scope {
    Scope *parent;
    const char *label; // NULL: takes the parent's next number once a parameter needs it
    const char *path;  // NULL: not yet asked for
    uint32_t next;     // number for the next call without a label
    size_t length;     // of the labels up to here, at least
};

typedef struct Var {
    const char *name;
    Val value;
    bool fixed;    // a param: not to be assigned
    uint32_t file; // a param's file
} Var;

typedef struct Vars {
    NameMap map;
    VEC(Var) list;
} Vars;

/// The names of one block call, of the model, or (block NULL, caller NULL) of the top of the files.
typedef struct Frame Frame;
struct Frame {
    Frame *caller;
    const Stmt *block; // STMT_BLOCK or STMT_MODEL
    Vars vars;
    Val it; // VAL_NONE: no current tensor yet
    const Expansion *via;
    Scope *scope;
    uint32_t nesting; // of bodies around the statement
    bool is_unsure;   // a part was not worked through, so an unknown name may not be a mistake
};

typedef struct Define {
    const char *name;
    Val value;
    SrcRange range;
    bool used;
} Define;

/// A node whose name is made at the end (operators without parameters).
typedef struct UnnamedNode {
    Node *node;
    Scope *scope;
    const char *base;
} UnnamedNode;

typedef struct LateAssert {
    const Stmt *stmt;
    Frame *frame;
} LateAssert;

typedef struct PathUse {
    const char *path;
    Loc loc;
} PathUse;

typedef struct Front {
    Arena *arena;
    SourceSet *sources;
    Diag *diag;
    Intern *names;
    const FrontOptions *options;
    FrontFiles *files;
    Graph *graph;
    uint64_t hash;
    // from the files
    VEC(Define) defines;
    VEC(const char *) param_names; // every param statement met
    VEC(const char *) loaded;      // paths, so that each is read once
    VEC(const char *) loading;     // the chain of includes being read
    NameMap blocks, prelude_blocks;
    VEC(const Stmt *) block_list, prelude_list;
    const Stmt *model;
    Frame *globals;
    bool in_prelude;
    VEC(SrcRange) unread; // statements that could not be read
    // while expanding
    const char *it_name, *params_name, *macs_name;
    uint32_t steps, frames;
    bool stopped;  // a limit was passed: nothing more is worked through
    bool complete; // params and macs are known
    Scope *root;
    NameMap path_map;
    VEC(PathUse) paths;
    VEC(UnnamedNode) unnamed;
    VEC(LateAssert) late_asserts;
    VEC(Loc) mismatches; // where shapes did not fit
} Front;

Loc front_loc(const Frame *frame, SrcRange range);
/// diag_error that counts as work, so that a mistake in a long loop cannot take long.
DiagItem *front_error(Front *f, const Frame *frame, SrcRange range, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/// Whether an unread statement mentions the name: then not knowing it is no mistake of its own.
bool front_is_in_unread(const Front *f, const char *name);
/// Adds "did you mean ...?" if one of the names is near.
void front_suggest(Front *f, DiagItem *item, const char *name, const char *const *names,
                   size_t count);
/// Counts work; past FRONT_MAX_STEPS reports once, stops the expansion and says false.
bool front_charge(Front *f, const Frame *frame, SrcRange range, uint64_t steps);
/// Enters one level of recursion; false (reported, stopped) when too deep. Leave with f->frames--.
bool front_enter(Front *f, const Frame *frame, SrcRange range);
/// Checks a list against the limits; poison after a report.
Val front_list(Front *f, const Frame *frame, SrcRange range, const Val *at, uint32_t count);

// load.c: files and their top level
bool load_main(Front *f, const char *path);
void load_prelude(Front *f);
void load_defines(Front *f);
void load_report_unused_defines(Front *f);
/// `param name = value` in whichever frame.
void load_param(Front *f, Frame *frame, const Stmt *s);

// vars.c
Var *vars_find(const Vars *v, const char *name);
Var *vars_set(Front *f, Vars *v, const char *name, Val value);
void vars_report_unknown(Front *f, const Frame *frame, const char *name, SrcRange range);

// eval.c
Val eval_expr(Front *f, Frame *frame, const AstExpr *e);
/// The same for what must be true or false; any other value but poison is reported, and given.
Val eval_condition(Front *f, Frame *frame, const AstExpr *e);
/// The expression as written, shortened, for messages.
const char *eval_written(Front *f, const AstExpr *e);
/// Whether an expression mentions params or macs.
bool eval_mentions_totals(const Front *f, const AstExpr *e);

// arith.c: operators on values; function.c: functions
Val arith_unary(Front *f, const Frame *frame, const AstExpr *e, Val x);
Val arith_binary(Front *f, const Frame *frame, const AstExpr *e, Val a, Val b);
bool function_exists(const char *name);
const char *const *function_names(size_t *count);
Val function_call(Front *f, const Frame *frame, const Call *call, const Val *args);

// exec.c
void exec_body(Front *f, Frame *frame, const StmtList *body);
void exec_late_asserts(Front *f);

// read_preprocess.c: what stands behind an input's colon, or NULL where nothing does.
const RnPreprocess *preprocess_eval(Front *f, Frame *frame, const Stmt *input, const Shape *shape);

// call.c: calls of operators and blocks. `label` may be NULL. As a statement the result becomes
// `it`.
Val call_apply(Front *f, Frame *frame, const Call *call, const char *label);
const Stmt *call_find_block(const Front *f, const char *name);

// bind.c: fills attrs (op->attr_bytes) from the arguments behind the tensors; false after a report.
typedef struct BindArgs {
    const Call *call;
    const Val *values;
    uint32_t tensors; // leading arguments that are tensors
} BindArgs;
bool bind_attrs(Front *f, const Frame *frame, const OpDef *op, const BindArgs *args, void *attrs);

// path.c
Scope *path_open(Front *f, Scope *parent, const char *label);
const char *path_of_layer(Front *f, Scope *scope, const char *label);
/// Remembers that a layer with parameters has this path; false after reporting that one already
/// has.
bool path_claim(Front *f, const Frame *frame, const char *path, SrcRange range);
void path_name_rest(Front *f);
/// Whether a label may stand in the frame's scope; reports what is wrong.
bool path_check_label(Front *f, const Frame *frame, const char *text, SrcRange range);

#endif
