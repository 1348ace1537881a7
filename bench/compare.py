"""compare.py: resnetc against its peers, in alternation, in one run; writes docs/benchmarks.md.

usage: bench/compare [--resnetc PATH] [--rounds N] [--quick]
Every round measures each system once, in a process of its own; the least time of all rounds counts, so that
a disturbance hits no system more than another. Ratios are what carries over to other machines.
Not here: how one peer is run (peer.py). Run it on an otherwise idle machine.
"""
import argparse
import datetime
import json
import os
import platform
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)

# network, mode, batch, threads, peers
CASES = [
    ("resnet18", "infer", 1, 1, ["onnxruntime", "pytorch"]),
    ("resnet18", "infer", 1, 2, ["onnxruntime", "pytorch"]),
    ("resnet50", "infer", 1, 1, ["onnxruntime", "pytorch"]),
    ("resnet50", "infer", 1, 2, ["onnxruntime", "pytorch"]),
    ("resnet18", "infer", 16, 2, ["onnxruntime"]),
    ("d2l_resnet18", "train", 256, 2, ["pytorch"]),
    ("resnet18", "train", 32, 2, ["pytorch"]),
    ("resnet50", "train", 16, 2, ["pytorch"]),
]


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return None, last
    return json.loads(done.stdout.strip().splitlines()[-1]), None


def measure(options, case, system):
    network, mode, batch, threads, _ = case
    repeats = 3 if mode == "train" else 15
    if system == "resnetc":
        return run([options.resnetc, "bench", network, "--mode", mode, "--batch", str(batch), "--plan-for",
                    f"batch={batch}", "--threads", str(threads), "--repeats", str(repeats), "--json"])
    python = "/usr/bin/python3" if system == "pytorch" else options.python
    return run([python, os.path.join(HERE, "peer.py"), system, network, mode, str(batch), str(threads),
                str(repeats)])


def cpu_name():
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()


def compare(options):
    versions, rows, skipped = {}, [], {}
    for case in CASES[: 3 if options.quick else None]:
        best = {}
        for _ in range(options.rounds):
            for system in ["resnetc"] + case[4]:
                if system in skipped:
                    continue
                result, error = measure(options, case, system)
                if result is None:
                    if system == "resnetc":
                        sys.exit(f"compare: resnetc failed on {case[:4]}: {error}")
                    skipped[system] = error
                    continue
                best[system] = min(best.get(system, float("inf")), result["min_ms"])
                versions.setdefault(system, result.get("version"))
        rows.append((case, best))
        print(*case[:4], {k: round(v, 2) for k, v in best.items()}, flush=True)
    return versions, rows, skipped


def table(versions, rows, skipped):
    peers = [p for p in ("onnxruntime", "pytorch") if p not in skipped]
    lines = ["| network | mode | batch | threads | resnetc, ms | " +
             " | ".join(f"{p} {versions.get(p)}, ms | ratio" for p in peers) + " |",
             "|---|---|---|---|---|" + "---|---|" * len(peers)]
    for (network, mode, batch, threads, _), best in rows:
        cells = []
        for p in peers:
            cells += [f"{best[p]:.1f}", f"{best[p] / best['resnetc']:.2f}"] if p in best else ["-", "-"]
        lines.append(f"| {network} | {mode} | {batch} | {threads} | {best['resnetc']:.1f} | " +
                     " | ".join(cells) + " |")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--resnetc", default=os.path.join(ROOT, "build", "plain", "bin", "resnetc"))
    parser.add_argument("--python", default=sys.executable, help="a Python that has onnxruntime")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    versions, rows, skipped = compare(options)
    version = subprocess.run([options.resnetc, "--version"], capture_output=True, text=True).stdout.split("\n")[0]
    text = f"""# Speed against the peers

Made by `bench/compare` on {datetime.date.today()}: {cpu_name()}, {os.cpu_count()} cores; {version}; fp32, random
weights, least time of {options.rounds} rounds in which the systems take turns. A ratio above 1 means that resnetc is faster.
A training step is forward, backward and update. PyTorch runs channels_last, its inference traced and optimised
for inference.

{table(versions, rows, skipped)}
"""
    for system, error in skipped.items():
        text += f"\n{system} was skipped: {error}\n"
    with open(os.path.join(ROOT, "docs", "benchmarks.md"), "w") as f:
        f.write(text)


if __name__ == "__main__":
    main()
