#!/bin/sh
# test.sh: installs what is missing, checks the format of the C files, builds with warnings as errors, and
# runs the whole test suite, first plain, then under AddressSanitizer and UndefinedBehaviorSanitizer.
#   --long   also the tests that take minutes (training runs, all goldens)
set -eu
cd "$(dirname "$0")/.."

for arg in "$@"; do
    case $arg in
    --long) export RN_LONG_TESTS=1 ;;
    *)
        echo "usage: scripts/test.sh [--long]" >&2
        exit 2
        ;;
    esac
done

scripts/install-deps.sh
scripts/format.sh --check
jobs=$(nproc)

# build FOLDER CMAKE-ARGUMENTS...
build() {
    folder=$1
    shift
    cmake -S . -B "$folder" -G Ninja -DRN_WERROR=ON "$@"
    ninja -C "$folder" -j "$jobs"
}

build build/plain
build build/sanitized -DRN_SANITIZE=address,undefined

failed=0
export CK_TIMEOUT_MULTIPLIER=4 # Check's limits are for an idle machine without sanitizers
ctest --test-dir build/plain --output-on-failure -j "$jobs" || failed=1
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0
export UBSAN_OPTIONS=print_stacktrace=1
ctest --test-dir build/sanitized --output-on-failure -j "$jobs" || failed=1
exit $failed
