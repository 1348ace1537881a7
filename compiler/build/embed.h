// embed.h: weights that become part of the object: which, packed or plain, and their bytes.
#ifndef BUILD_EMBED_H
#define BUILD_EMBED_H

#include "build/compile.h"

/// What --weights and --embed ask of `resnetc compile`.
typedef enum EmbedChoice { EMBED_PACKED, EMBED_PLAIN } EmbedChoice;

/// The mode to compile for: with weights and no --mode it is inference.
ModeChoice embed_mode(const Options *o);

/// Refuses combinations of options that make no sense.
ExitCode embed_check_options(const Options *o);

/// After compile_plans: gives the compilation the weights of --weights, if there are any.
ExitCode embed_weights(Arena *a, const Options *o, Compilation *c);

#endif
