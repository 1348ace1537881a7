#!/bin/sh
# install-deps.sh: installs what building and testing need on Debian 12, only what is missing, and asks
# nothing. Run as root or as a user who may use sudo.
set -eu

packages="
build-essential cmake ninja-build ccache pkg-config
flex bison
llvm-19-dev
zlib1g-dev libcjson-dev libjpeg62-turbo-dev libpng-dev
check clang-format
dataset-fashion-mnist
graphviz groff-base
"

missing=""
for package in $packages; do
    state=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
    [ "$state" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root() {
    if [ "$(id -u)" = 0 ]; then
        env "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo env "$@"
    else
        echo "install-deps.sh: missing:$missing; installing them needs root or sudo" >&2
        exit 3
    fi
}

echo "Installing:$missing"
as_root DEBIAN_FRONTEND=noninteractive apt-get -q update
# shellcheck disable=SC2086  # a list of names
as_root DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $missing
