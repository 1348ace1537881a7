#!/usr/bin/env python3
"""scan.py: what a multiply-add costs at odd shapes and depths, and how far predictions are off.

usage: bench/scan.py [--resnetc PATH] [--target NAME] [--exact] [--repeats N] [--only WORD]
Three parts. Shapes: convolutions beside each other that differ by a channel or a column; a step up by more than
20% beyond what padding to whole vectors explains is a cliff, and makes the exit code 1. Each cliff is measured
again before it counts. Depth: the CIFAR networks from ResNet-20 to ResNet-1202. Order: how often the cost model
puts two layers of ResNet-50 into the order in which they are measured. One thread; run it on an otherwise idle
machine. Not here: other systems (compare.py).
"""
import argparse
import itertools
import os
import re
import sys
import tempfile

from steps import bench_steps

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
CLIFF = 1.20
VECTOR = {"x86-64": 4, "x86-64-v3": 8, "x86-64-v4": 16, "aarch64": 4}  # floats, by target


def round_up(n, to):
    return -(-n // to) * to


class Shape:
    """A convolution of one image: in channels, height, width, out channels, kernel, stride, groups."""

    def __init__(self, c, h, w, k, r=3, stride=1, groups=1):
        self.c, self.h, self.w, self.k, self.r, self.stride, self.groups = c, h, w, k, r, stride, groups
        self.pad = r // 2
        self.oh = (h + 2 * self.pad - r) // stride + 1
        self.ow = (w + 2 * self.pad - r) // stride + 1

    def macs(self):
        return self.k * (self.c // self.groups) * self.r * self.r * self.oh * self.ow

    def padded_macs(self, vector, algorithm):
        """With whole vectors of output channels (groups lie side by side unless they are whole vectors; spanned
        ones cost what each vector meets of them), and with whole tiles of Winograd's."""
        padding = 1.0
        tile = re.match(r"winograd_(?:s2_)?(\d+)x(\d+)", algorithm)
        if tile:
            padding = round_up(self.oh, int(tile[1])) * round_up(self.ow, int(tile[2])) / (self.oh * self.ow)
        per_group = self.k // self.groups
        if algorithm == "spanned":
            starts = range(0, self.k, vector)
            met = sum((min(s + vector, self.k) - 1) // per_group - s // per_group + 1 for s in starts)
            return self.macs() * met * vector / self.k
        if self.groups > 1 and per_group % vector:
            return self.macs() * round_up(self.k, vector) / self.k
        return self.macs() * padding * round_up(per_group, vector) / per_group

    def text(self):
        groups = f", groups={self.groups}" if self.groups > 1 else ""
        return (f"model shape {{\n    input image[{self.c}, {self.h}, {self.w}]\n"
                f"    conv: conv({self.r}x{self.r}, c={self.k}, stride={self.stride}, pad={self.pad}{groups})\n}}\n")

    def __str__(self):
        groups = f" in {self.groups} groups" if self.groups > 1 else ""
        return f"{self.c}x{self.h}x{self.w} to {self.k}, {self.r}x{self.r}/{self.stride}{groups}"


def neighbours():
    """Rows of shapes; each shape is compared with the one before it in its row."""
    yield "3x3, channels 60 to 70", [Shape(c, 28, 28, c) for c in range(60, 71)]
    yield "1x1, channels 126 to 132", [Shape(c, 28, 28, c, 1) for c in range(126, 133)]
    yield "3x3, 64 channels, widths 24 to 36", [Shape(64, 28, w, 64) for w in range(24, 37)]
    yield "3x3 stride 2, 64 channels, widths 48 to 58", [Shape(64, 28, w, 64, 3, 2) for w in range(48, 59)]
    yield "1x1, 128 channels, widths 10 to 18", [Shape(128, 14, w, 128, 1) for w in range(10, 19)]
    yield "3x3, 256 channels, sizes 5 to 15", [Shape(256, s, s, 256) for s in range(5, 16)]
    yield "7x7 stem, 3 channels, widths 222 to 230", [Shape(3, 112, w, 64, 7, 2) for w in range(222, 231)]
    yield "7x7 stem, 1 to 5 channels", [Shape(c, 112, 112, 64, 7, 2) for c in range(1, 6)]
    yield "pictures around 65x97", [Shape(64, 65, w, 64) for w in range(95, 100)]
    yield "classes 998 to 1002", [Shape(512, 1, 1, k, 1) for k in range(998, 1003)]
    yield "32 groups of 4, widths 54 to 58", [Shape(128, 56, w, 128, 3, 1, 32) for w in range(54, 59)]
    yield "32 groups of 3 to 8", [Shape(32 * g, 56, 56, 32 * g, 3, 1, 32) for g in range(3, 9)]
    yield "8 groups of 20 to 28", [Shape(8 * g, 28, 28, 8 * g, 3, 1, 8) for g in range(20, 29)]
    yield "4 groups of 70 to 74, 1x1", [Shape(4 * g, 28, 28, 4 * g, 1, 1, 4) for g in range(70, 75)]
    yield "32 groups of 8, widths 26 to 30", [Shape(256, 28, w, 256, 3, 1, 32) for w in range(26, 31)]


class Bench:
    def __init__(self, options, folder):
        self.options, self.folder = options, folder

    def steps(self, model):
        """The steps of one image's inference, and floats in a vector of the target."""
        more = ["--exact"] if self.options.exact else []
        if self.options.target:
            more += ["--target", self.options.target]
        figures, steps = bench_steps(self.options.resnetc, model, "--threads", "1", "--repeats",
                                     str(self.options.repeats), *more)
        return steps, VECTOR[figures["target"]]

    def convs(self, model):
        return [s for s in self.steps(model)[0] if s.name.endswith("conv2d")]

    def conv(self, shape):
        path = os.path.join(self.folder, "shape.rn")
        with open(path, "w") as f:
            f.write(shape.text())
        steps, vector = self.steps(path)
        step = next(s for s in steps if s.name == "conv conv2d")
        return step, 1e9 * step.ms / shape.padded_macs(vector, step.algorithm)


def scan_shapes(bench):
    print("| shape | ms | predicted | ns per kMAC | with padding | step | algorithm |\n|---|---|---|---|---|---|---|")
    cliffs = 0
    for title, row in neighbours():
        if bench.options.only and bench.options.only not in title:
            continue
        print(f"| **{title}** | | | | | | |")
        before = None
        for shape in row:
            timed, cost = bench.conv(shape)
            if before and cost > CLIFF * before:  # again: a disturbance is no cliff
                timed, cost = min(bench.conv(shape), bench.conv(shape))
            step = cost / before if before else 1
            cliffs += step > CLIFF
            mark = " **cliff**" if step > CLIFF else ""
            print(f"| {shape} | {timed.ms:.4f} | {timed.predicted_ms:.4f} | {1e9 * timed.ms / shape.macs():.2f} | "
                  f"{cost:.2f} | {step:.2f}{mark} | {timed.algorithm} |", flush=True)
            before = cost
    return cliffs


def scan_depth(bench):
    print("\n| network | ms | ms per 100 convolutions |\n|---|---|---|")
    for depth in (20, 32, 44, 56, 110, 1202):
        convs = bench.convs(f"cifar_resnet{depth}")
        ms = sum(s.ms for s in convs)
        print(f"| ResNet-{depth} | {ms:.3f} | {100 * ms / len(convs):.3f} |", flush=True)


def scan_order(bench):
    convs = bench.convs("resnet50")
    pairs = [(a, b) for a, b in itertools.combinations(convs, 2) if abs(a.ms - b.ms) > 0.1 * min(a.ms, b.ms)]
    right = sum((a.ms < b.ms) == (a.predicted_ms < b.predicted_ms) for a, b in pairs)
    ratios = sorted(s.ms / s.predicted_ms for s in convs)
    print(f"\nResNet-50: {right} of {len(pairs)} pairs of layers that differ by 10% are predicted in their measured "
          f"order; measured over predicted: median {ratios[len(ratios) // 2]:.2f}, from {ratios[0]:.2f} to "
          f"{ratios[-1]:.2f}.")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--resnetc", default=os.path.join(ROOT, "build", "plain", "bin", "resnetc"))
    parser.add_argument("--target", help="as resnetc --target")
    parser.add_argument("--exact", action="store_true", help="as resnetc --exact: direct convolutions only")
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--only", help="only rows of shapes whose title has this word; no other part")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(options, folder)
        cliffs = scan_shapes(bench)
        if not options.only:
            scan_depth(bench)
            scan_order(bench)
    print(f"\n{cliffs} cliffs")
    sys.exit(1 if cliffs else 0)


if __name__ == "__main__":
    main()
