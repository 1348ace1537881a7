// state.h: what the parts of the front end share: what was read, what is being expanded, and how
// mistakes are reported. Private to front/.
#ifndef FRONT_STATE_H
#define FRONT_STATE_H

#include "base/diag.h"
#include "base/intern.h"
#include "dsl/parse.h"
#include "front/namemap.h"
#include "front/options.h"
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
/// A block of this name, the model's or the prelude's; NULL if there is none.
const Stmt *front_find_block(const Front *f, const char *name);
/// Makes a text part of what the model's hash tells apart.
void front_hash_text(Front *f, const char *text, size_t bytes);

#endif
