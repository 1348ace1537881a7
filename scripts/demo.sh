#!/bin/sh
# demo.sh: installs what is missing, builds, compiles a small ResNet to an object file, shows its layers,
# trains it on Fashion-MNIST for about a minute and shows what it says about test pictures.
set -eu
cd "$(dirname "$0")/.."

scripts/install-deps.sh
mkdir -p build/demo
log=build/demo/build.log
build() {
    cmake -S . -B build/plain -G Ninja && ninja -C build/plain resnetc
}
echo "Building resnetc ..."
if ! build >$log 2>&1; then
    cat $log >&2
    exit 3
fi
resnetc=build/plain/bin/resnetc
out=build/demo

# Prints a command, then runs it.
show() {
    echo
    echo "\$ $*"
    "$@"
}

shape="-D channels=1 -D height=28 -D width=28"
# shellcheck disable=SC2086  # a list of options
{
    show $resnetc cifar_resnet20 $shape -o $out/resnet20.o
    show ls -l $out/resnet20.o $out/resnet20.h
    show $resnetc cifar_resnet20 $shape --emit=summary
    show $resnetc train cifar_resnet20 $shape --data fashion-mnist --epochs 1 --batch 64 \
        --lr 0.1 --momentum 0.9 --weight-decay 0.0001 --save $out/resnet20.safetensors
    show $resnetc predict cifar_resnet20 $shape --weights $out/resnet20.safetensors \
        --data fashion-mnist --count 4
}
