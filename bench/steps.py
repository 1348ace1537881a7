"""steps.py: one run of `resnetc bench --profile`, for the scripts beside it."""
import json
import re
import subprocess
import sys
from typing import NamedTuple

ROW = re.compile(r"^ *[\d.]+% +([\d.]+) +([\d.]+) +([\d.]+) +[\d.]+% +[\d.]+ +(\S+) +\d+ (.*)$")


class Step(NamedTuple):
    ms: float
    predicted_ms: float
    gflops: float  # rate
    algorithm: str
    name: str


def bench_steps(resnetc, model, *options):
    """The bench's JSON object and its steps; ends the program where bench fails."""
    command = [resnetc, "bench", model, "--profile", "--json", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: {done.stderr.strip()}")
    found = (ROW.match(line) for line in done.stderr.splitlines())
    return json.loads(done.stdout), [Step(float(m[1]), float(m[2]), float(m[3]), m[4], m[5]) for m in found if m]
