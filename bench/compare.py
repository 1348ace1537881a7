"""compare.py: resnetc against its peers, in alternation, in one run; writes docs/benchmarks.{json,md,svg}.

usage: bench/compare [--resnetc PATH] [--rounds N] [--only TEXT] [--without PEERS]
Every round measures each system once, in a process of its own; the least time of all rounds counts, so that
a disturbance hits no system more than another. Ratios are what carries over to other machines. A case is written to
docs/benchmarks.json as soon as it is measured: a run that is stopped loses nothing, and --only measures some cases anew.
Not here: how one peer is run (peers/), table and picture (report.py). Run it on an otherwise idle machine.
"""
import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile

import numpy
import report

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
RESULTS = os.path.join(ROOT, "docs", "benchmarks.json")

ALL = ["ncnn", "onnxruntime", "openvino", "pytorch", "pytorch_new"]
TORCH = ["pytorch", "pytorch_new"]

# network, mode, batch, threads, peers
CASES = [(network, "infer", 1, threads, ALL)
         for network in ("resnet18", "resnet34", "resnet50", "resnet152") for threads in (1, 2)]
CASES += [(network, "infer", 16, 2, ALL[1:]) for network in ("resnet18", "resnet50")]
CASES += [("d2l_resnet18", "train", 256, 2, TORCH), ("resnet18", "train", 32, 2, TORCH),
          ("resnet50", "train", 16, 2, TORCH)]

MOST_ERROR = 1e-5  # of the logits, relative: all systems compute the same network in float32


def last_json(command):
    """What the command prints last, as JSON; or None and why it failed."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        return None, (done.stderr.strip().splitlines() or ["no message"])[-1]
    return json.loads(done.stdout.strip().splitlines()[-1]), None


def own_error(options, network, folder):
    """The relative error of resnetc's logits with the exported weights."""
    out = os.path.join(folder, "resnetc.npy")
    subprocess.run([options.resnetc, "run", network, "--weights", f"{folder}/weights.safetensors", "--input",
                    f"{folder}/input.npy", "--output", out], check=True)
    want = numpy.load(f"{folder}/logits.npy")
    return float(numpy.linalg.norm(numpy.load(out) - want) / numpy.linalg.norm(want))


def measure(options, case, system, folder):
    network, mode, batch, threads, _ = case
    repeats = str(3 if mode == "train" else 15)
    if system == "resnetc":
        return last_json([options.resnetc, "bench", network, "--mode", mode, "--batch", str(batch), "--plan-for",
                          f"batch={batch}", "--threads", str(threads), "--repeats", repeats, "--json"])
    python = "/usr/bin/python3" if system == "pytorch" else options.python
    return last_json([python, os.path.join(HERE, "peer.py"), system.removesuffix("_new"), network, mode, str(batch),
                      str(threads), repeats, folder])


def keep_best(best, system, result):
    """Joins one more measurement to those of this system."""
    old = best.setdefault(system, dict(result))
    old["min_ms"] = min(old["min_ms"], result["min_ms"])


def compare_case(options, case, folder):
    network, mode, batch, _, peers = case
    best, skipped = {}, {}
    if mode == "infer":
        subprocess.run(["/usr/bin/python3", os.path.join(HERE, "peer.py"), "export", network, str(batch), folder],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(options.rounds):
        for system in ["resnetc"] + [p for p in peers if p not in options.without.split(",")]:
            if system in skipped:
                continue
            result, error = measure(options, case, system, folder)
            if result is None and system == "resnetc":
                sys.exit(f"compare: resnetc failed on {case[:4]}: {error}")
            if result is None:
                skipped[system] = error
            else:
                keep_best(best, system, result)
    if mode == "infer":
        best["resnetc"]["error"] = own_error(options, network, folder)
        for system, result in best.items():
            if result["error"] > MOST_ERROR:
                sys.exit(f"compare: {system}'s logits of {network} are wrong by {result['error']:.2g}")
    return best, skipped


def cpu_name():
    with open("/proc/cpuinfo") as f:
        for line in f:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--resnetc", default=os.path.join(ROOT, "build", "plain", "bin", "resnetc"))
    parser.add_argument("--python", default=sys.executable, help="the Python that has the peers of PyPI")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without", default="", help="peers to leave out, as pytorch_new,openvino")
    parser.add_argument("--only", default="", help="only cases whose name has this in it, as resnet18-infer-b1-t2")
    options = parser.parse_args()
    results = {}  # of former runs too, replaced case by case: a run that is stopped loses nothing
    if os.path.exists(RESULTS):
        with open(RESULTS) as f:
            results = json.load(f)
    version = subprocess.run([options.resnetc, "--version"], capture_output=True, text=True).stdout.split("\n")[0]
    for case in CASES:
        name = "{}-{}-b{}-t{}".format(*case)
        if options.only not in name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            best, skipped = compare_case(options, case, folder)
        results[name] = {"network": case[0], "mode": case[1], "batch": case[2], "threads": case[3], "systems": best,
                         "skipped": skipped, "rounds": options.rounds, "date": str(datetime.date.today()),
                         "machine": f"{cpu_name()}, {os.cpu_count()} cores", "resnetc": version}
        print(name, {k: round(v["min_ms"], 2) for k, v in best.items()}, skipped or "", flush=True)
        with open(RESULTS, "w") as f:
            json.dump(results, f, indent=1)
        report.write(results, os.path.join(ROOT, "docs"))


if __name__ == "__main__":
    main()
