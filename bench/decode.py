#!/usr/bin/python3
"""Compares reading pictures with Pillow's: decoding, and all of it: resize(256), crop to 224, normalisation.

usage: decode.py [--repeats N] [BUILD_FOLDER]

One thread, files in the page cache, the shortest of N times. The pictures are made up: blurred noise with edges, whose
JPEG files are as large as those of photos. Needs Debian's python3-pil and python3-numpy, a C compiler and a build.
"""
import argparse
import pathlib
import subprocess
import tempfile
import time

import numpy
import PIL
from PIL import Image, ImageFilter, features

ROOT = pathlib.Path(__file__).resolve().parents[1]
MEAN = numpy.float32([0.485, 0.456, 0.406]).reshape(3, 1, 1)
STD = numpy.float32([0.229, 0.224, 0.225]).reshape(3, 1, 1)


def make(width, height):
    """Areas of several sizes, with grain."""
    random = numpy.random.RandomState(1)
    sizes = ((width // 64, height // 64, 1.0), (width // 12, height // 12, 0.5), (width, height, 0.12))
    total = sum(share * numpy.asarray(Image.fromarray(random.randint(0, 256, (h, w, 3), numpy.uint8))
                                      .resize((width, height), Image.BICUBIC), numpy.float32)
                for w, h, share in sizes)
    total = 255 * (total - total.min()) / (total.max() - total.min())
    return Image.fromarray(total.astype(numpy.uint8)).filter(ImageFilter.GaussianBlur(0.6))


def write_files(folder):
    """The files and what they are."""
    files = []
    for width, height in ((500, 375), (1600, 1200)):
        picture = make(width, height)
        for name, options in (("a.jpg", {"quality": 90}), ("progressive.jpg", {"quality": 90, "progressive": True}),
                              ("a.png", {})):
            path = folder / f"{width}x{height}-{name}"
            picture.save(path, **options)
            kind = {"a.jpg": "JPEG", "progressive.jpg": "JPEG, progressive", "a.png": "PNG"}[name]
            files.append((f"{kind} {width}x{height}, {path.stat().st_size // 1024} kB", path))
    return files


def decode(path):
    with Image.open(path) as file:
        return file.convert("RGB")


def prepare(path):
    picture = decode(path)
    w, h = picture.size
    size = (256, 256 * h // w) if w < h else (256 * w // h, 256)
    picture = picture.resize(size, Image.BILINEAR)
    left, top = (size[0] - 224) // 2, (size[1] - 224) // 2
    x = numpy.asarray(picture.crop((left, top, left + 224, top + 224))).transpose(2, 0, 1)
    return (x.astype(numpy.float32) / 255 - MEAN) / STD


def measure(work, path, repeats):
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        work(path)
        best = min(best, time.perf_counter() - start)
    return 1e3 * best


def build_program(build, folder):
    """bench/decode.c with the libraries of a build."""
    subprocess.run(["cc", "-std=c11", "-D_POSIX_C_SOURCE=200809L", "-O2", f"-I{ROOT}/runtime/include",
                    ROOT / "bench/decode.c", f"{build}/libresnetc_pictures.a", f"{build}/libresnetc_runtime.a",
                    "-ljpeg", "-lpng", "-lcjson", "-lz", "-lm", "-lpthread", "-o", folder / "decode"], check=True)
    return folder / "decode"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("build", nargs="?", default=ROOT / "build")
    o = parser.parse_args()
    print(f"Pillow {PIL.__version__}, its JPEG: libjpeg-turbo {features.version('libjpeg_turbo')}; milliseconds\n")
    print("| file | decode: resnetc | Pillow | all: resnetc | Pillow |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        files = write_files(folder)
        program = build_program(o.build, folder)
        said = subprocess.run([program, str(o.repeats), *(path for _, path in files)], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        for (what, path), line in zip(files, said.splitlines()):
            ours = [float(x) for x in line.split()]
            theirs = [measure(work, path, o.repeats) for work in (decode, prepare)]
            print(f"| {what} | {ours[0]:.2f} | {theirs[0]:.2f} | {ours[1]:.2f} | {theirs[1]:.2f} |")


if __name__ == "__main__":
    main()
