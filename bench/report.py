"""report.py: the table and the picture of what compare.py measured: docs/benchmarks.md and docs/benchmarks.svg.

usage: report.py        (makes both anew from docs/benchmarks.json)
Not here: measuring.
"""
import json
import os

TITLES = {"ncnn": "ncnn", "onnxruntime": "ONNX Runtime", "openvino": "OpenVINO", "pytorch": "PyTorch (Debian)",
          "pytorch_new": "PyTorch (newest)"}
COLOURS = {"ncnn": "#4c78a8", "onnxruntime": "#72b7b2", "openvino": "#b279a2", "pytorch": "#eeca3b",
           "pytorch_new": "#f58518"}

TEXT = """# Speed against the peers

Made by `bench/compare`: {machine}; {resnetc}; {dates}; float32, random weights, the least time of {rounds} rounds in which
the systems take turns, each in a process of its own. Columns of peers: milliseconds, and in brackets how many times
longer than resnetc's that is. Peers: {versions}. Each has its best settings: the same threads; PyTorch channels_last, its inference
traced and frozen, or torch.compile where it exists and is faster; OpenVINO for latency, held to float32; ncnn with Winograd
and packed layouts. The logits of all systems agree with PyTorch's within {error:.1g} relative.

![How many times longer the peers take](benchmarks.svg)

## Inference, 3x224x224
{infer}

## Training, a full step: forward, backward, update
{train}
"""


def peers_of(rows):
    return [p for p in TITLES if any(p in row["systems"] for row in rows)]


def cell(row, peer):
    if peer not in row["systems"]:
        return "-"
    ms, own = row["systems"][peer]["min_ms"], row["systems"]["resnetc"]["min_ms"]
    return f"{ms:.1f} ({ms / own:.2f})"


def memory(row, peer):
    bytes_ = row["systems"].get(peer, {}).get("rss_bytes")
    return f"{bytes_ / 2**20:.0f}" if bytes_ else "-"


def table(rows, with_memory):
    peers = peers_of(rows)
    heads = ["network", "batch", "threads", "resnetc, ms"] + [TITLES[p] for p in peers]
    if with_memory:
        heads += ["resnetc, MiB"] + [f"{TITLES[p]}, MiB" for p in peers]
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for row in rows:
        cells = [row["network"], str(row["batch"]), str(row["threads"]), f"{row['systems']['resnetc']['min_ms']:.1f}"]
        cells += [cell(row, p) for p in peers]
        if with_memory:
            cells += [memory(row, p) for p in ["resnetc"] + peers]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def svg(rows):
    """Bars: time of each peer over resnetc's; the line at 1 is resnetc."""
    peers, bar, gap, left, width = peers_of(rows), 11, 12, 210, 800
    most = max(max(s["min_ms"] for s in row["systems"].values()) / row["systems"]["resnetc"]["min_ms"] for row in rows)
    unit = (width - left - 60) / most
    out, y = [], 40
    for i, peer in enumerate(peers):
        out.append(f'<rect x="{left + 125 * i - 120}" y="10" width="10" height="10" fill="{COLOURS[peer]}"/>'
                   f'<text x="{left + 125 * i - 105}" y="19">{TITLES[peer]}</text>')
    for row in rows:
        shown = [p for p in peers if p in row["systems"]]
        middle = y + bar * len(shown) / 2 + 4
        name = f"{row['network']}, {row['mode']} {row['batch']}, {row['threads']} thread" + "s" * (row["threads"] > 1)
        out.append(f'<text x="{left - 8}" y="{middle:.0f}" text-anchor="end">{name}</text>')
        for peer in shown:
            ratio = row["systems"][peer]["min_ms"] / row["systems"]["resnetc"]["min_ms"]
            out.append(f'<rect x="{left}" y="{y}" width="{ratio * unit:.1f}" height="{bar - 1}" '
                       f'fill="{COLOURS[peer]}"/><text x="{left + ratio * unit + 4:.1f}" y="{y + 9}" '
                       f'font-size="9">{ratio:.2f}</text>')
            y += bar
        y += gap
    line = left + unit
    out.append(f'<line x1="{line:.1f}" y1="30" x2="{line:.1f}" y2="{y}" stroke="#c00" stroke-dasharray="4 3"/>'
               f'<text x="{line:.1f}" y="{y + 12}" text-anchor="middle" fill="#c00">resnetc</text>')
    head = (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y + 20}" font-family="sans-serif" '
            f'font-size="11"><rect width="100%" height="100%" fill="white"/>')
    return head + "\n" + "\n".join(out) + "\n</svg>\n"


def versions_of(rows):
    found = {}
    for row in rows:
        for peer, result in row["systems"].items():
            if peer in TITLES:
                found[peer] = result["version"]
    return ", ".join(f"{TITLES[p]} {v}" for p, v in found.items())


def joined(rows, key):
    return " or ".join(sorted({str(row[key]) for row in rows}))


def write(results, folder):
    rows = sorted(results.values(), key=lambda row: (row["mode"], len(row["network"]), row["network"], row["batch"],
                                                     row["threads"]))
    errors = [s["error"] for row in rows for s in row["systems"].values() if "error" in s]
    parts = {mode: [row for row in rows if row["mode"] == mode] for mode in ("infer", "train")}
    text = TEXT.format(machine=joined(rows, "machine"), resnetc=joined(rows, "resnetc"), dates=joined(rows, "date"),
                       rounds=joined(rows, "rounds"), versions=versions_of(rows), error=max(errors, default=0.0),
                       infer=table(parts["infer"], False), train=table(parts["train"], True))
    skipped = {(peer, why) for row in rows for peer, why in row["skipped"].items()}
    for peer, why in sorted(skipped):
        text += f"\n{TITLES[peer]} was skipped somewhere: {why}\n"
    with open(os.path.join(folder, "benchmarks.md"), "w") as f:
        f.write(text)
    with open(os.path.join(folder, "benchmarks.svg"), "w") as f:
        f.write(svg(rows))


if __name__ == "__main__":
    docs = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "docs")
    with open(os.path.join(docs, "benchmarks.json")) as results_file:
        write(json.load(results_file), docs)
