#!/usr/bin/env python3
"""Turns safetensors into a PyTorch state_dict. Needs torch and nothing else.

    safetensors_to_pth.py IN.safetensors OUT.pth

model.load_state_dict(torch.load("OUT.pth")) then takes it. What resnetc's checkpoints hold for the optimiser is left
out.
"""
import argparse
import json
import struct
import sys

import torch

DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16, "F64": torch.float64,
          "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8,
          "U8": torch.uint8, "BOOL": torch.bool}


def tensor_of(name, entry, data):
    """One tensor, copied out of the file's bytes."""
    dtype = DTYPES.get(entry["dtype"])
    if dtype is None:
        sys.exit(f"{name}: torch has no {entry['dtype']}")
    begin, end = entry["data_offsets"]
    if begin == end:
        return torch.empty(entry["shape"], dtype=dtype)
    if not 0 <= begin < end <= len(data):
        sys.exit(f"{name}: its bytes lie outside the file")
    return torch.frombuffer(bytearray(data[begin:end]), dtype=dtype).reshape(entry["shape"])


def read(path):
    """All tensors of a file by name."""
    with open(path, "rb") as f:
        head = f.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else 1 << 63
        text = f.read(min(length, 100 << 20))
        data = f.read()
    if len(text) != length:
        sys.exit(f"{path}: not a safetensors file")
    header = json.loads(text)
    header.pop("__metadata__", None)
    return {name: tensor_of(name, entry, data) for name, entry in sorted(header.items())
            if not name.startswith("optimizer/")}


def main():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("input")
    parser.add_argument("output")
    o = parser.parse_args()
    tensors = read(o.input)
    torch.save(tensors, o.output)
    print(f"{o.output}: {len(tensors)} tensors")


if __name__ == "__main__":
    main()
