#!/usr/bin/python3
"""Writes tests/runtime/pictures: small pictures of every kind, and golden.txt: what PIL and torchvision make of them.

usage: make_pictures.py

A line of golden.txt: file, height, width, then CRC-32 of the pixels as PIL's convert("RGB") and convert("L") give them,
u8 [channels, height, width], and of three images, f32 [channels, 16, 18], as torchvision's evaluation transform gives
them: Resize(20), CenterCrop of RGB; Resize(12), CenterCrop (which pads) of RGB; Resize((16, 18)) of L.
Needs Debian's python3-pil, python3-numpy and python3-torchvision; the tests need none of them.
"""
import pathlib
import struct
import zlib

import numpy as np
from PIL import Image
from torchvision import transforms

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tests" / "runtime" / "pictures"
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
SIZE = (16, 18)


def pixels(height, width, channels):
    """Soft colours with some noise: JPEG keeps them, and no two channels are alike."""
    y, x = np.mgrid[0:height, 0:width].astype(float)
    rng = np.random.default_rng(height * 1000 + width)
    planes = [127 + 100 * np.sin(x / (4 + c) + c) * np.cos(y / (5 - c)) + rng.normal(0, 6, (height, width))
              for c in range(channels)]
    return np.clip(np.stack(planes, -1), 0, 255).astype(np.uint8)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(path, width, height, depth, colour, rows, interlaced=False):
    """PNG kinds that PIL does not write; rows are bytes with their filter byte."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"".join(rows), 9))
                     + chunk(b"IEND", b""))


def adam7(image):
    rows = []
    for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)):
        part = image[y0::dy, x0::dx]
        if part.size:
            rows += [b"\0" + row.tobytes() for row in part]
    return rows


def write_pictures():
    rgb = pixels(29, 37, 3)
    grey = Image.fromarray(rgb[..., 0], "L")
    colour = Image.fromarray(rgb, "RGB")
    colour.save(FOLDER / "colour.jpg", quality=85)
    colour.save(FOLDER / "progressive.jpg", quality=70, progressive=True)
    colour.save(FOLDER / "full_chroma.jpg", quality=90, subsampling=0)
    grey.save(FOLDER / "grey.jpg", quality=80)
    Image.fromarray(pixels(50, 23, 3), "RGB").save(FOLDER / "tall.jpg", quality=80)
    # their longer side becomes longer than any picture may be; only its middle is wanted
    Image.fromarray(pixels(1700, 1, 3), "RGB").save(FOLDER / "slim.png", optimize=True)
    Image.fromarray(pixels(2, 3300, 1)[..., 0], "L").save(FOLDER / "flat.png", optimize=True)
    Image.fromarray(pixels(21, 33, 4), "CMYK").save(FOLDER / "cmyk.jpg", quality=90)
    exif = Image.Exif()
    exif[0x0112] = 6  # turn right
    colour.save(FOLDER / "turned.jpg", quality=60, exif=exif)
    colour.save(FOLDER / "colour.png", optimize=True)
    grey.save(FOLDER / "grey.png", optimize=True)
    Image.fromarray(pixels(19, 30, 4), "RGBA").save(FOLDER / "alpha.png", optimize=True)
    Image.fromarray(pixels(19, 30, 2), "LA").save(FOLDER / "grey_alpha.png", optimize=True)
    palette = colour.quantize(12)
    palette.save(FOLDER / "palette.png", transparency=3, optimize=True)
    grey.convert("1").save(FOLDER / "bits.png", optimize=True)
    small = (rgb[:20, :21, 1] >> 6).astype(np.uint8)  # four greys, four to a byte
    packed = np.pad(small, ((0, 0), (0, 3))).reshape(20, 6, 4)
    packed = (packed[..., 0] << 6 | packed[..., 1] << 4 | packed[..., 2] << 2 | packed[..., 3]).astype(np.uint8)
    png(FOLDER / "two_bits.png", 21, 20, 2, 0, [b"\0" + row.tobytes() for row in packed])
    wide = (rgb[:17, :19].astype(np.uint16) << 8 | 0xAB).astype(">u2")
    png(FOLDER / "colour16.png", 19, 17, 16, 2, [b"\0" + row.tobytes() for row in wide])
    png(FOLDER / "grey16.png", 19, 17, 16, 0, [b"\0" + row.tobytes() for row in wide[..., 1]])
    png(FOLDER / "interlaced.png", 37, 29, 8, 2, adam7(rgb), interlaced=True)


def crc(array):
    return f"{zlib.crc32(np.ascontiguousarray(array).tobytes()):08x}"


def planes(image):
    a = np.asarray(image)
    return a[None] if a.ndim == 2 else a.transpose(2, 0, 1)


def golden(path):
    with Image.open(path) as image:
        if image.mode == "I":  # 16-bit grey, which PIL would clip at 255: the upper byte is meant
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8), "L")
        rgb, grey = image.convert("RGB"), image.convert("L")
    evaluate = [
        (transforms.Compose([transforms.Resize(20), transforms.CenterCrop(SIZE), transforms.ToTensor(),
                             transforms.Normalize(MEAN, STD)]), rgb),
        (transforms.Compose([transforms.Resize(12), transforms.CenterCrop(SIZE), transforms.ToTensor(),
                             transforms.Normalize(MEAN, STD)]), rgb),
        (transforms.Compose([transforms.Resize(SIZE), transforms.ToTensor()]), grey),
    ]
    return " ".join([path.name, str(rgb.height), str(rgb.width), crc(planes(rgb)), crc(planes(grey))]
                    + [crc(t(image).numpy()) for t, image in evaluate])


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_pictures()
    files = sorted(p for p in FOLDER.iterdir() if p.suffix in (".jpg", ".png"))
    (FOLDER / "golden.txt").write_text("".join(golden(p) + "\n" for p in files))


if __name__ == "__main__":
    main()
