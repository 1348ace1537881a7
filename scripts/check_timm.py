#!/usr/bin/env python3
"""Checks that weights of timm and torchvision load as they are, and that the logits agree. Not part of the tests.

    check_timm.py [--resnetc FILE] [--markdown] [NAME...]

For each network: timm (or torchvision) makes it with random weights, random batch norms and made-up statistics; its
state_dict goes through pth_to_safetensors.py into `resnetc run`; the logits are compared with the network's own
in float64. Shown are the errors of resnetc, of resnetc --exact (no Winograd), and of the network's own float32, each
the norm of the difference over the norm of the logits. Without names: all of the table. Needs timm, torchvision and numpy.
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy
import timm
import torch
import torchvision

ROOT = pathlib.Path(__file__).resolve().parents[1]
EXACT_LIMIT, LIMIT = 2, 3  # times the error of the network's own float32

TIMM = ("resnet18", "resnet26", "resnet34", "resnet50", "resnet101", "resnet152", "resnet200",
        "resnet18d", "resnet26d", "resnet34d", "resnet50d", "resnet101d", "resnet152d",
        "seresnet18", "seresnet34", "seresnet50", "seresnet101", "seresnet152", "seresnext50_32x4d",
        "resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2",
        "resnetv2_18", "resnetv2_34", "resnetv2_50", "resnetv2_101", "resnetv2_152", "resnetv2_50d", "resnetv2_101d")
TORCHVISION = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d", "resnext101_32x8d",
               "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2")
DEEP, TIERED = ("stem=[32,32,64]", "avg_down=true"), ("stem=[24,32,64]", "avg_down=true")
# Networks without a file of their own: the family and what to set of it.
B50, B26 = ("depths=[3,4,6,3]", "bottlenecks=true"), ("depths=[2,2,2,2]", "bottlenecks=true")
FAMILY = {
    "resnet10t": ("resnet", "depths=[1,1,1,1]", *TIERED),
    "resnet14t": ("resnet", "depths=[1,1,1,1]", "bottlenecks=true", *TIERED),
    "resnet26t": ("resnet", *B26, *TIERED),
    "resnet50t": ("resnet", *B50, *TIERED),
    "resnet50c": ("resnet", *B50, "stem=[32,32,64]"),
    "resnet50s": ("resnet", *B50, "stem=[64,64,128]"),
    "resnet200d": ("resnet", "depths=[3,24,36,3]", "bottlenecks=true", *DEEP),
    "seresnet50t": ("resnet", *B50, "se=true", *TIERED),
    "seresnet152d": ("resnet", "depths=[3,8,36,3]", "bottlenecks=true", "se=true", *DEEP),
    "seresnext26d_32x4d": ("resnet", *B26, "se=true", "groups=32", "base_width=4", *DEEP),
    "resnext50d_32x4d": ("resnet", *B50, "groups=32", "base_width=4", *DEEP),
    "resnext101_32x4d": ("resnet", "depths=[3,4,23,3]", "bottlenecks=true", "groups=32", "base_width=4"),
    "resnetv2_18d": ("resnetv2", "depths=[2,2,2,2]", "bottlenecks=false", *DEEP),
    "resnetv2_34d": ("resnetv2", "bottlenecks=false", *DEEP),
    "resnetv2_50t": ("resnetv2", *TIERED),
    "resnetv2_152d": ("resnetv2", "depths=[3,8,36,3]", *DEEP),
}


def checks():
    """What can be checked: (shown name, how to make it, model and settings)."""
    yield from ((name, lambda n=name: timm.create_model(n, pretrained=False), (name,)) for name in TIMM)
    yield from ((name, lambda n=name: timm.create_model(n, pretrained=False), model)
                for name, model in FAMILY.items())
    yield from ((f"torchvision.{name}", lambda n=name: getattr(torchvision.models, n)(weights=None), (name,))
                for name in TORCHVISION)


def make_up(net, pictures):
    """No parameter and no statistic stays a trivial 0 or 1; activations stay in a sane range."""
    norms = [m for m in net.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    with torch.no_grad():
        for m in norms:
            m.weight.uniform_(0.3, 1.0)
            m.bias.normal_(0, 0.2)
            m.momentum = 1.0
        net.train()(pictures)  # the statistics of these pictures, then somewhat off
        for m in norms:
            m.running_mean.add_(m.running_var.sqrt() * torch.randn_like(m.running_mean) * 0.1)
            m.running_var.mul_(torch.empty_like(m.running_var).uniform_(0.7, 1.4))
        for name, p in net.named_parameters():
            if name.endswith("fc.bias") or ".se." in name and name.endswith("bias"):
                p.normal_(0, 0.5)
    return net.eval()


def through_resnetc(tool, options, pictures, folder):
    """The logits of resnetc for the weights in the folder."""
    subprocess.run([tool, "run", *options, "-D", f"height={pictures.shape[2]}", "-D", f"width={pictures.shape[3]}",
                    "--plan-for", f"batch={len(pictures)}", "--weights", folder / "w.safetensors",
                    "--input", folder / "x.npy", "--output", folder / "y.npy"], check=True)
    return torch.from_numpy(numpy.load(folder / "y.npy")).double()


def check(tool, make, model, size):
    """The three errors. The state_dict goes the way that a user's goes."""
    torch.manual_seed(1)
    options = [model[0], *(word for setting in model[1:] for word in ("-D", setting))]
    with torch.no_grad(), tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        net = make_up(make(), torch.randn(8, 3, 64, 64))
        pictures = torch.randn(2, 3, *size)
        numpy.save(folder / "x.npy", pictures.numpy())
        torch.save(net.state_dict(), folder / "w.pth")
        subprocess.run([sys.executable, ROOT / "scripts/pth_to_safetensors.py", folder / "w.pth",
                        folder / "w.safetensors"], check=True, stdout=subprocess.DEVNULL)
        found = [through_resnetc(tool, options, pictures, folder),
                 through_resnetc(tool, ["--exact", *options], pictures, folder), net(pictures).double()]
        wanted = net.double()(pictures.double())
    return [float((logits - wanted).norm() / wanted.norm()) for logits in found]


def main():
    """Reads the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--resnetc", default=ROOT / "build/bin/resnetc")
    parser.add_argument("--markdown", action="store_true", help="print a table for docs/weights.md")
    parser.add_argument("--size", type=int, nargs=2, default=(224, 224), metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("names", nargs="*")
    o = parser.parse_args()
    failed = 0
    line = "| {} | `{}` | {:.1e} | {:.1e} | {:.1e} |" if o.markdown else "{:30} {:70} {:.1e}  {:.1e}  {:.1e}"
    for name, make, model in checks():
        if o.names and name not in o.names:
            continue
        try:
            ours, exact, theirs = check(o.resnetc, make, model, o.size)
        except subprocess.CalledProcessError as e:
            print(f"{name}: {pathlib.Path(e.cmd[0]).name}: exit code {e.returncode}")
            failed += 1
            continue
        print(line.format(name, " -D ".join(model), ours, exact, theirs), flush=True)
        failed += not (exact <= EXACT_LIMIT * theirs and ours <= LIMIT * theirs)
    print(f"timm {timm.__version__}, torchvision {torchvision.__version__}, torch {torch.__version__}; "
          f"{failed} failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
