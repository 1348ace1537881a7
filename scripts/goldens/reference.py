"""What PyTorch says: logits, gradients, running statistics and losses in float64, and limits for float32.

One ReLU whose argument rounds to the other side of zero moves a gradient by a thousandth, so a fixed tolerance
proves nothing. The limits come from PyTorch's own float32 runs, their convolutions perturbed at rounding level.
"""
import re

import numpy as np
import torch
import torch.nn.functional as F

import counter_rng as rng

RUNS = 8
PERTURBATION = 1e-6  # of a tensor's root mean square
STATE_SAMPLES = 8  # entries of a running statistic that are stored
FACTOR = 3.0  # a limit is this many times the largest error seen
LARGEST_LIMIT = 0.05  # a wider one would prove nothing
LOSS_ROUNDING = 2.0**-22  # a float32 loss is this exact at best, relatively
STATE_ROUNDING = 2.0**-22


class ProvesNothing(Exception):
    """A limit came out too wide; another seed, picture, batch or gamma is needed."""


class Perturb(torch.autograd.Function):
    """Adds noise of PERTURBATION, relative to the tensor, to a value and to its gradient."""

    @staticmethod
    def noisy(x):
        return x + torch.randn_like(x) * (PERTURBATION * x.pow(2).mean().sqrt())

    @staticmethod
    def forward(ctx, x):
        return Perturb.noisy(x)

    @staticmethod
    def backward(ctx, g):
        return Perturb.noisy(g)


def last_gammas(net):
    """The gamma of the last batch norm of every residual branch."""
    last = {}
    for name in net.state_dict():
        found = re.match(r"(.*\.\d+)\.(?:bn|norm)(\d)\.weight$", name)
        if found and found[2] >= last.get(found[1], ("", ""))[0]:
            last[found[1]] = (found[2], name)
    return [name for _, name in last.values()]


def fill(net, seed, factor, dtype):
    """Parameters and state from the generator; scales the last gammas by factor unless it is 1."""
    scaled = set(last_gammas(net)) if factor != 1 else set()
    values = {}
    for name, old in net.state_dict().items():
        if name.endswith("num_batches_tracked"):
            values[name] = torch.zeros_like(old)
            continue
        value = rng.tensor(name, tuple(old.shape), seed)
        if name in scaled:
            value = value * np.float32(factor)
        values[name] = torch.from_numpy(np.ascontiguousarray(value)).to(dtype)
    net.to(dtype).load_state_dict(values)


def prepare(case, dtype, perturbed=False):
    torch.manual_seed(0)
    net = case.build()
    fill(net, case.seed, case.gamma_factor, dtype)
    if perturbed:
        for module in net.modules():
            if isinstance(module, torch.nn.Conv2d):
                module.register_forward_hook(lambda module, inputs, output: Perturb.apply(output))
    return net


def batch(case, first, count, dtype):
    x = torch.from_numpy(rng.images(count, case.chw, case.seed, first)).to(dtype)
    return x, (torch.from_numpy(rng.labels(count, case.classes, case.seed, first)) if case.classes else None)


def relative(got, want, floor=0.0):
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    return float(np.linalg.norm(got - want) / max(np.linalg.norm(want), floor, 1e-300))


# --- inference ------------------------------------------------------------------------------------

def infer(case):
    outputs = {}
    for dtype in (torch.float32, torch.float64):
        net = prepare(case, dtype).eval()
        with torch.no_grad():
            y = net(batch(case, 0, case.batch, dtype)[0])
        outputs[dtype] = y.reshape(case.batch, -1).double().numpy()
    want = outputs[torch.float64]
    error = relative(outputs[torch.float32], want)
    columns = np.arange(want.shape[1])
    if len(columns) > 64 and case.classes:
        order = rng.raw("logits", case.seed, 0, 4 * len(columns)) % np.uint64(len(columns))
        columns = np.array(list(dict.fromkeys(order.tolist()))[:64])
    return {"logits": {"torch32_error": error, "limit": FACTOR * error, "columns": columns.tolist(),
                       "values": want[:, columns].tolist()}}


# --- one training step ----------------------------------------------------------------------------

def step(case, dtype, perturbed=False, run=0):
    """Loss, gradients, sampled running statistics."""
    net = prepare(case, dtype, perturbed).train()
    torch.manual_seed(1000 + run)
    x, y = batch(case, 0, case.batch, dtype)
    loss = F.cross_entropy(net(x), y)
    loss.backward()
    grads = {name: p.grad.reshape(-1) for name, p in net.named_parameters()}
    state = {}
    for name, b in net.named_buffers():
        if not name.endswith("num_batches_tracked"):
            v = b.reshape(-1).double().numpy()
            state[name] = v[rng.samples(name, v.size, case.seed, STATE_SAMPLES)]
    return float(loss), grads, state


def scales(grads):
    """What the error of a gradient is measured against: its norm.

    Where the gradient is exactly zero (the bias of a convolution before a batch norm), the weight beside it says
    what size rounding errors are measured against.
    """
    norms = {name: float(g.norm()) for name, g in grads.items()}
    scale, largest = dict(norms), max(norms.values())
    for name, g in grads.items():
        if norms[name] < 1e-10 * largest:
            weight = name.rsplit(".", 1)[0] + ".weight"
            scale[name] = norms[weight] * (g.numel() / grads[weight].numel())**0.5
    return scale


def gradient_errors(got, want, scale):
    return [float((got[name].double() - want[name]).norm()) / scale[name] for name in want]


def train(case):
    loss, grads, state = step(case, torch.float64)
    scale = scales(grads)
    worst = {"loss": LOSS_ROUNDING, "gradient": 0.0, "rms": 0.0, "state": STATE_ROUNDING}
    plain = None
    for run in range(RUNS + 1):
        got_loss, got_grads, got_state = step(case, torch.float32, run > 0, run)
        errors = gradient_errors(got_grads, grads, scale)
        if run == 0:
            plain = max(errors)
            continue
        worst["loss"] = max(worst["loss"], abs(got_loss - loss) / abs(loss))
        worst["gradient"] = max(worst["gradient"], max(errors))
        worst["rms"] = max(worst["rms"], float(np.sqrt(np.mean(np.square(errors)))))
        worst["state"] = max([worst["state"]] + [relative(got_state[n], state[n]) for n in state])
        if FACTOR * worst["gradient"] >= LARGEST_LIMIT:
            raise ProvesNothing(f"gradient limit {FACTOR * worst['gradient']:.3f}")
    return {
        "loss": {"value": loss, "limit": FACTOR * worst["loss"]},
        "gradients": {"torch32_error": plain, "limit": FACTOR * worst["gradient"],
                      "limit_rms": FACTOR * worst["rms"], "tensors": [
            {"name": n, "scale": scale[n], "projections": rng.projections(n, g.numpy(), case.seed).tolist()}
            for n, g in grads.items()]},
        "state": {"limit": FACTOR * worst["state"], "tensors": [
            {"name": n, "values": v.tolist()} for n, v in state.items()]}}


# --- some steps of SGD ----------------------------------------------------------------------------

def optimizer(case, net):
    flat = [p for p in net.parameters() if p.ndim == 1]
    groups = [{"params": [p for p in net.parameters() if p.ndim > 1], "weight_decay": case.weight_decay},
              {"params": flat, "weight_decay": 0 if case.no_decay_1d else case.weight_decay}]
    if case.optimizer == "adamw":
        return torch.optim.AdamW(groups, case.lr, eps=case.epsilon)
    return torch.optim.SGD(groups, case.lr, case.momentum, nesterov=case.nesterov)


def descend(case, dtype, perturbed=False, run=0):
    """The loss of every step. The last batch of an epoch may be a partial one."""
    net = prepare(case, dtype, perturbed).train()
    torch.manual_seed(1000 + run)
    rule = optimizer(case, net)
    losses, first = [], 0
    for _ in range(case.steps):
        count = min(case.batch, case.images - first)
        x, y = batch(case, first, count, dtype)
        first = (first + count) % case.images
        loss = F.cross_entropy(net(x), y, label_smoothing=case.label_smoothing)
        rule.zero_grad()
        loss.backward()
        if case.clip_norm:
            torch.nn.utils.clip_grad_norm_(net.parameters(), case.clip_norm)
        rule.step()
        losses.append(float(loss))
    return losses


def sgd(case):
    want = descend(case, torch.float64)
    worst = np.full(case.steps, LOSS_ROUNDING)
    for run in range(1, RUNS + 1):
        got = descend(case, torch.float32, True, run)
        worst = np.maximum(worst, np.abs(np.subtract(got, want)) / np.abs(want))
    # Errors grow as steps go on; a step where all runs happen to be close is luck, not a tighter limit.
    limits = FACTOR * np.maximum.accumulate(worst)
    if limits[-1] >= LARGEST_LIMIT:
        raise ProvesNothing(f"loss limit {limits[-1]:.3f}")
    return {"steps": [{"loss": loss, "limit": limit} for loss, limit in zip(want, limits.tolist())]}
