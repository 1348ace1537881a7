#!/usr/bin/python3
"""Writes tests/runtime/data/optimizers.json: PyTorch's optimisers and learning rate schedules in float64.

tests/runtime/test_optimizers.c reads it. A case has two parameters, a matrix [5, 12] and a vector [5], whose values
and gradients are binary fractions made from their index alone. Needs Debian's python3-torch.
"""
import json
import pathlib

import torch
from torch.optim import lr_scheduler

STEPS = 5
FILE = pathlib.Path(__file__).resolve().parents[2] / "tests" / "runtime" / "data" / "optimizers.json"

CASES = [
    {"name": "nesterov", "lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01},
    {"name": "nesterov, clipped", "lr": 0.1, "momentum": 0.9, "nesterov": True, "clip_norm": 0.25},
    {"name": "momentum, weights decay", "lr": 0.2, "momentum": 0.8, "weight_decay": 0.1, "decay": "weights"},
    {"name": "adamw", "lr": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0.01},
    {"name": "adamw, weights decay", "lr": 0.003, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-3, "weight_decay": 0.5,
     "decay": "weights"},
    {"name": "adamw, clipped", "lr": 0.01, "beta1": 0.9, "beta2": 0.95, "epsilon": 1e-2, "weight_decay": 0.01,
     "clip_norm": 0.125},
    {"name": "adamw, matrix frozen", "lr": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0.01,
     "clip_norm": 0.0625, "frozen": "fc.weight"},
]

SCHEDULES = [
    {"name": "step", "kind": 1, "lr": 0.1, "drop_every": 30, "drop_factor": 0.1},
    {"name": "multistep", "kind": 2, "lr": 0.1, "drop_at": [32, 48, 90], "drop_factor": 0.2},
    {"name": "cosine", "kind": 3, "lr": 0.5, "lr_min": 0.01, "total": 100},
    {"name": "cosine after warm-up", "kind": 3, "lr": 0.5, "lr_min": 0.0, "total": 100, "warmup": 8,
     "warmup_from": 0.01},
    {"name": "step with warm-up", "kind": 1, "lr": 0.4, "drop_every": 25, "drop_factor": 0.5, "warmup": 30,
     "warmup_from": 0.1},
    {"name": "multistep with warm-up", "kind": 2, "lr": 0.1, "drop_at": [4, 50], "drop_factor": 0.1, "warmup": 10,
     "warmup_from": 0.05},
    {"name": "constant after warm-up", "kind": 0, "lr": 0.4, "warmup": 12, "warmup_from": 0.25},
]


def start(i, shift):
    return ((i * 37 + shift) % 101 - 50) / 64


def gradient(i, step, shift):
    return ((i * 29 + step * 17 + shift) % 97 - 48) / 512


def fill(count, make):
    return torch.tensor([make(i) for i in range(count)], dtype=torch.float64)


def descend(case):
    matrix = fill(60, lambda i: start(i, 0)).reshape(5, 12).requires_grad_()
    vector = fill(5, lambda i: start(i, 7)).requires_grad_()
    frozen = "frozen" in case
    decay = case.get("weight_decay", 0)
    groups = [{"params": [] if frozen else [matrix], "weight_decay": decay},
              {"params": [vector], "weight_decay": 0 if case.get("decay") == "weights" else decay}]
    if "beta1" in case:
        rule = torch.optim.AdamW(groups, case["lr"], (case["beta1"], case["beta2"]), case["epsilon"])
    else:
        rule = torch.optim.SGD(groups, case["lr"], case["momentum"], nesterov=case.get("nesterov", False))
    for step in range(STEPS):
        if not frozen:
            matrix.grad = fill(60, lambda i: gradient(i, step, 0)).reshape(5, 12)
        vector.grad = fill(5, lambda i: gradient(i, step, 11))
        if "clip_norm" in case:
            torch.nn.utils.clip_grad_norm_([p for p in (matrix, vector) if p.grad is not None], case["clip_norm"])
        rule.step()
    return {**case, "matrix": matrix.detach().reshape(-1).tolist(), "vector": vector.detach().tolist()}


def schedule(case):
    rule = torch.optim.SGD([torch.zeros(1, requires_grad=True)], case["lr"])
    warmup = case.get("warmup", 0)
    main = {1: lambda: lr_scheduler.StepLR(rule, case["drop_every"], case["drop_factor"]),
            2: lambda: lr_scheduler.MultiStepLR(rule, case["drop_at"], case["drop_factor"]),
            3: lambda: lr_scheduler.CosineAnnealingLR(rule, case["total"] - warmup, case["lr_min"]),
            0: lambda: lr_scheduler.ConstantLR(rule, 1.0)}[case["kind"]]()
    if warmup:
        first = lr_scheduler.LinearLR(rule, case["warmup_from"], total_iters=warmup)
        if case["kind"] in (1, 2):  # these count from the run's start: their factor times the warm-up's
            main = lr_scheduler.ChainedScheduler([first, main])
        else:
            main = lr_scheduler.SequentialLR(rule, [first, main], [warmup])
    values = []
    for _ in range(100):
        values.append(rule.param_groups[0]["lr"])
        rule.step()
        main.step()
    return {**case, "values": values}


def main():
    record = {"steps": STEPS, "cases": [descend(case) for case in CASES],
              "schedules": [schedule(case) for case in SCHEDULES]}
    FILE.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(json.loads(json.dumps(record), parse_float=lambda v: float(f"{float(v):.12g}")))
    FILE.write_text(text.replace("}, {", "},\n{").replace("]}, ", "]},\n") + "\n")


if __name__ == "__main__":
    main()
