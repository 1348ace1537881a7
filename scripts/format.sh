#!/bin/sh
# format.sh [--check]: formats every C file as .clang-format says. --check changes no file, names what it
# would change, and fails if there is anything.
# Every version formats a little differently: the tree follows Debian 12's, 14.
set -eu
cd "$(dirname "$0")/.."

case ${1:-} in
--check) mode="--dry-run --Werror" ;;
"") mode=-i ;;
*)
    echo "usage: scripts/format.sh [--check]" >&2
    exit 2
    ;;
esac

tool=${CLANG_FORMAT:-clang-format}
version=$("$tool" --version | sed 's/.*version \([0-9]*\).*/\1/')
if [ "$version" != 14 ]; then
    echo "format.sh: $tool is version $version, not 14; CLANG_FORMAT names another" >&2
    exit 3
fi
# shellcheck disable=SC2086  # several words
find bench compiler dsl examples runtime tests -name '*.[ch]' -exec "$tool" $mode {} +
