#!/bin/sh
# fuzz.sh TARGET [SECONDS]: runs a fuzz target (tests/fuzz/targets/fuzz_TARGET.c) with libFuzzer, ASan and UBSan.
# New inputs stay in the build folder; what crashes is written there too. Needs clang.
set -eu
target=${1:?usage: scripts/fuzz.sh TARGET [SECONDS]}
seconds=${2:-60}
root=$(cd "$(dirname "$0")/.." && pwd)
build=${BUILD_DIR:-$root/build-fuzz}
CC=clang cmake -S "$root" -B "$build" -G Ninja -DRN_TESTS=OFF \
    -DCMAKE_C_COMPILER=clang -DCMAKE_C_FLAGS="-fsanitize=fuzzer-no-link" -DRN_SANITIZE=address,undefined
cmake --build "$build" --target rn_tool resnetc_pictures
mkdir -p "$build/corpus-$target"
clang -std=c11 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
    -I"$root" -I"$root/tests" -I"$root/compiler" -I"$root/runtime/include" "$root/tests/fuzz/targets/fuzz_$target.c" -o "$build/fuzz_$target" \
    -Wl,--start-group "$build"/librn_*.a "$build"/libresnetc_pictures.a "$build"/libresnetc_runtime.a -Wl,--end-group \
    $(llvm-config-19 --ldflags --libs) -lz -lcjson -ljpeg -lpng -lm -lpthread
cd "$build"
exec ./fuzz_"$target" -max_total_time="$seconds" -timeout=5 -max_len=4096 \
    "corpus-$target" "$root/tests/fuzz/corpus/$target"
