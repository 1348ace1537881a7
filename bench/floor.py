#!/usr/bin/env python3
"""floor.py: how far each layer of a network is from the floor that the machine's multiply-adds set.

usage: bench/floor.py [--resnetc PATH] [--batch N] [--threads N] [--rounds N] MODEL ...
For each model a table: what a layer took at least over some runs of `resnetc bench --profile`, what its
multiply-adds alone would take at the machine's peak, and the second as a share of the first. For Winograd the
multiply-adds are those of the products in its tiles; transforms, tiles and vectors that reach over the edge, and
memory are what is missing to 100%. Layers that compute the same stand in one line. Run it on an otherwise idle
machine. Not here: other systems (compare.py), odd shapes (scan.py).
"""
import argparse
import os
import re

from steps import bench_steps

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WINOGRAD = re.compile(r"winograd_(s2_)?(\d+)x(\d+)")


def products_share(kernel):
    """Multiplications of an algorithm, as a share of direct convolution's."""
    tile = WINOGRAD.fullmatch(kernel)
    if not tile:
        return 1.0
    rows, columns = int(tile[2]), int(tile[3])
    if tile[1]:
        return (2 * rows + 1) * (2 * columns + 1) / (9 * rows * columns)
    return (rows + 2) * (columns + 2) / (9 * rows * columns)


def run(options, model):
    """Peak in GFLOP/s, and the steps of one run of bench."""
    figures, steps = bench_steps(options.resnetc, model, "--batch", str(options.batch), "--threads",
                                 str(options.threads))
    return figures["gflops"] / figures["peak_fraction"], steps


def table(options, model):
    runs = [run(options, model) for _ in range(options.rounds)]
    peak = max(p for p, _ in runs)
    lines = {}
    for i, step in enumerate(runs[0][1]):
        name, kernel, gflop = step.name, step.algorithm, step.ms * step.gflops * 1e-3
        ms = min(steps[i].ms for _, steps in runs)
        key = (kernel, f"{gflop:.2g}") if gflop > 0.001 else ("other", "")
        line = lines.setdefault(key, [name, kernel if gflop > 0.001 else "", 0, 0.0, 0.0])
        line[2] += 1
        line[3] += ms
        line[4] += gflop * products_share(kernel) / peak * 1e3
    print(f"\n{model}, batch {options.batch}, {options.threads} thread(s), peak {peak:.0f} GFLOP/s")
    print("| layer | steps | algorithm | ms | floor, ms | floor / ms |\n|---|---|---|---|---|---|")
    total = [0.0, 0.0]
    for name, kernel, count, ms, floor in lines.values():
        total = [total[0] + ms, total[1] + floor]
        what = name if kernel else "pooling, layout, what adds up little"
        print(f"| {what} | {count} | {kernel} | {ms:.2f} | {floor:.2f} | {floor / ms:.0%} |")
    print(f"| all | | | {total[0]:.2f} | {total[1]:.2f} | {total[1] / total[0]:.0%} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--resnetc", default=os.path.join(ROOT, "build", "plain", "bin", "resnetc"))
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("models", nargs="+", metavar="MODEL")
    options = parser.parse_args()
    for model in options.models:
        table(options, model)


main()
