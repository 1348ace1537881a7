#!/bin/sh
# ir-hashes.sh: hashes the LLVM IR of every kernel that the shipped models need, one line per model, mode and
# target, so that a change that should leave generated code alone can show that it does:
#   scripts/ir-hashes.sh OLD/bin/resnetc > old.txt; scripts/ir-hashes.sh NEW/bin/resnetc > new.txt; diff old.txt new.txt
#   scripts/ir-hashes.sh RESNETC [MODEL...]     these models only
# What is hashed are the bodies of functions, sorted, without names of values and metadata: tables, debug
# information and the order of kernels may change. RN_IR_KEEP=FOLDER keeps the hashed text there.
set -eu

if [ $# = 0 ]; then
    sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
tool=$1
shift
models=${*:-$("$tool" --list-models | cut -d' ' -f1)}
targets=$("$tool" --list-targets | cut -d' ' -f1)
modes="infer train"

# Bodies of kernels, one per line, with values and blocks numbered as LLVM printed them.
bodies() {
    awk '/^define .*kernel\./ { body = ""; inside = 1
             sub(/\.[0-9]+"?\(/, "("); sub(/ #[0-9]+( |$)/, " ") }
         inside { gsub(/, ![a-z]+( ![0-9]+)?/, ""); gsub(/ #[0-9]+$/, ""); body = body $0 "|" }
         inside && /^}/ { print body; inside = 0 }' | LC_ALL=C sort
}

for model in $models; do
    for mode in $modes; do
        for target in $targets; do
            text=$("$tool" "$model" --mode "$mode" --target "$target" --emit=llvm -o - 2>&1 | bodies)
            hash=$(printf '%s' "$text" | sha256sum | cut -c1-16)
            printf '%s %s %s %s %s\n' "$model" "$mode" "$target" "$(printf '%s\n' "$text" | wc -l)" "$hash"
            if [ -n "${RN_IR_KEEP:-}" ]; then
                printf '%s\n' "$text" >"$RN_IR_KEEP/$model.$mode.$target"
            fi
        done
    done
done
