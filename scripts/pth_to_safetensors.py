#!/usr/bin/env python3
"""Turns a PyTorch checkpoint (.pth, .pt, .th) into safetensors. Needs torch and nothing else.

    pth_to_safetensors.py IN.pth OUT.safetensors [--key KEY] [--half] [--trust]

Takes a state_dict, a checkpoint that holds one ({'state_dict': ...}, 'model', 'model_state_dict', 'model_ema',
'net'; --key names another), or a whole saved module. Only tensors are kept. On a torch that can load weights alone, nothing in the
file is executed; --trust allows files that need more, and executes whatever they ask for.
"""
import argparse
import ctypes
import inspect
import json
import os
import pickle
import struct
import sys

import torch

DTYPES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.float64: "F64",
          torch.int64: "I64", torch.int32: "I32", torch.int16: "I16", torch.int8: "I8",
          torch.uint8: "U8", torch.bool: "BOOL"}
KEYS = ("state_dict", "model", "model_state_dict", "model_ema", "net")


def load(path, trust):
    """The object in the file, on the CPU."""
    options = {"map_location": "cpu"}
    if "weights_only" in inspect.signature(torch.load).parameters:
        options["weights_only"] = not trust
    try:
        return torch.load(path, **options)
    except pickle.UnpicklingError as e:
        if "eights_only" not in str(e) and "eights only" not in str(e):
            sys.exit(f"{path}: {e}")
        sys.exit(f"{path} holds more than weights; --trust loads it, and executes what it asks for")


def state_dict(found, key):
    """The names and tensors of whatever a checkpoint holds."""
    if key is not None:
        if not isinstance(found, dict) or key not in found:
            sys.exit(f"the checkpoint has no {key!r}: {describe(found)}")
        found = found[key]
    for name in KEYS:
        if isinstance(found, dict) and name in found and not torch.is_tensor(found[name]):
            found = found[name]
            break
    if isinstance(found, torch.nn.Module):
        found = found.state_dict()
    if not isinstance(found, dict):
        sys.exit(f"no state_dict: {describe(found)}")
    tensors = {str(name): x for name, x in found.items() if torch.is_tensor(x)}
    if not tensors:
        sys.exit(f"no tensors: {describe(found)}; --key names the part that holds them")
    return tensors


def describe(found):
    """A few words on an object that is not what was looked for."""
    if isinstance(found, dict):
        return "it holds " + ", ".join(repr(str(k)) for k in list(found)[:8])
    return f"it is a {type(found).__name__}"


def plain(tensor, half):
    """Contiguous on the CPU; float16 where asked, but not for numbers that would leave its range."""
    tensor = tensor.detach().cpu().contiguous()
    if half and tensor.dtype == torch.float32 and tensor.dim() > 1 and bool((tensor.abs() < 65504).all()):
        tensor = tensor.half()
    return tensor


def content(tensor):
    """The bytes of a contiguous tensor, in this machine's order, which is little-endian."""
    bytes_ = tensor.numel() * tensor.element_size()
    return ctypes.string_at(tensor.data_ptr(), bytes_) if bytes_ else b""


def write(path, tensors, half):
    """u64 length of the header, the header as JSON, the tensors one after another."""
    header, place, parts = {}, 0, []
    for name in sorted(tensors):
        tensor = plain(tensors[name], half)
        if tensor.dtype not in DTYPES:
            sys.exit(f"{name}: {tensor.dtype} has no name in safetensors")
        size = tensor.numel() * tensor.element_size()
        header[name] = {"dtype": DTYPES[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": [place, place + size]}
        place += size
        parts.append(tensor)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    aside = f"{path}.tmp-{os.getpid()}"
    with open(aside, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for tensor in parts:
            out.write(content(tensor))
    os.replace(aside, path)


def main():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("input")
    parser.add_argument("output")
    parser.add_argument("--key", help="the part of the checkpoint that holds the weights")
    parser.add_argument("--half", action="store_true", help="write weights of rank 2 and more as float16")
    parser.add_argument("--trust", action="store_true", help="load files that execute code")
    o = parser.parse_args()
    tensors = state_dict(load(o.input, o.trust), o.key)
    write(o.output, tensors, o.half)
    print(f"{o.output}: {len(tensors)} tensors")


if __name__ == "__main__":
    main()
