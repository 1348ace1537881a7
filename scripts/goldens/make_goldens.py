#!/usr/bin/python3
"""Writes tests/golden/data/NAME.json: what PyTorch computes for the shipped models.

usage: make_goldens.py [--force] [--list] [NAME...]

Without names: every case that has no file yet. Needs Debian's python3-torch and python3-torchvision; the tests
that read the files need neither. See cases.py for the cases and reference.py for the limits.
"""
import dataclasses
import json
import os
import pathlib
import sys
import time

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads are slow where others work too
import torch

from cases import CASES
from reference import ProvesNothing, last_gammas

SEEDS = 4
OPTIMIZER = ("optimizer", "epsilon", "nesterov", "no_decay_1d", "label_smoothing", "clip_norm")  # where not usual
DATA = pathlib.Path(__file__).resolve().parents[2] / "tests" / "golden" / "data"


def short(value, digits):
    """Numbers of so many significant digits. Eight are ten times as exact as float32."""
    if isinstance(value, float):
        return float(f"{value:.{digits}g}")
    if isinstance(value, list):
        return [short(v, digits) for v in value]
    if isinstance(value, dict):
        return {k: short(v, 8 if k == "gradients" else digits) for k, v in value.items()}
    return value


def lines(value, depth=0):
    """JSON with one line per tensor, so that a changed golden shows as a readable difference."""
    pad = " " * (depth + 1)
    if isinstance(value, dict) and any(isinstance(v, (dict, list)) for v in value.values()) and depth < 2:
        inner = ",\n".join(f"{pad}{json.dumps(k)}: {lines(v, depth + 1)}" for k, v in value.items())
        return "{\n" + inner + "\n" + " " * depth + "}"
    if isinstance(value, list) and value and isinstance(value[0], (dict, list)):
        return "[\n" + ",\n".join(pad + json.dumps(v) for v in value) + "\n" + " " * depth + "]"
    return json.dumps(value)


def write(case):
    record = {"name": case.name, "model": case.model, "kind": case.kind, "defines": case.defines(),
              "batch": case.batch, "image": list(case.chw), "classes": case.classes or 0, "seed": case.seed,
              "gamma_factor": case.gamma_factor,
              "scaled": last_gammas(case.build()) if case.gamma_factor != 1 else []}
    if case.kind == "sgd":
        record.update(images=case.images, lr=case.lr, momentum=case.momentum, weight_decay=case.weight_decay)
        usual = {field.name: field.default for field in dataclasses.fields(case)}
        record.update({name: getattr(case, name) for name in OPTIMIZER if getattr(case, name) != usual[name]})
    if case.kind == "infer" and not case.defines():
        record["params"] = sum(p.numel() for p in case.build().parameters())
    record.update(case.run())
    path = DATA / f"{case.name}.json"
    aside = path.with_suffix(".tmp")
    aside.write_text(lines(short(record, 11)) + "\n")
    aside.rename(path)
    return record


def first_that_proves(case):
    """One sign that flips in a spot where the gradient lives can spoil a seed; the next one has other spots."""
    for _ in range(SEEDS):
        try:
            return write(case)
        except ProvesNothing as reason:
            print(f"{case.name}: seed {case.seed}: {reason}", flush=True)
            case = dataclasses.replace(case, seed=case.seed + 1)
    raise SystemExit(f"{case.name}: no seed gives a limit that proves something: enlarge picture or batch, or scale "
                     "the last gammas")


def main(arguments):
    torch.set_num_threads(2)
    if "--list" in arguments:
        print("\n".join(CASES))
        return
    force = "--force" in arguments
    names = [a for a in arguments if not a.startswith("--")] or list(CASES)
    DATA.mkdir(parents=True, exist_ok=True)
    for name in names:
        if name not in CASES:
            raise SystemExit(f"no case {name}; --list shows them")
        if (DATA / f"{name}.json").exists() and not force:
            continue
        start = time.time()
        record = first_that_proves(CASES[name])
        limits = [record[k]["limit"] for k in ("logits", "loss", "gradients", "state") if k in record]
        if "steps" in record:
            limits = [record["steps"][0]["limit"], record["steps"][-1]["limit"]]
        print(f"{name}: limits {' '.join(f'{v:.2e}' for v in limits)}, {time.time() - start:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
