"""peer.py: one measurement of one peer in a process of its own: prints a JSON object with min_ms.

usage: peer.py SYSTEM NETWORK MODE BATCH THREADS REPEATS
SYSTEM: onnxruntime | pytorch; MODE: infer | train. Called by compare.py.
Each peer gets its best settings: the asked threads, channels_last, frozen graphs.
Not here: alternation, tables (compare.py).
"""
import json
import os
import sys
import tempfile
import time


def best_of(run, repeats):
    """Least time of `repeats` runs in ms, after two that do not count."""
    best = float("inf")
    for i in range(repeats + 2):
        start = time.perf_counter()
        run()
        took = time.perf_counter() - start
        if i >= 2:
            best = min(best, took)
    return 1e3 * best


def d2l_resnet18(torch):
    """The d2l.ai chapter's ResNet-18 for one channel and ten classes."""
    nn = torch.nn

    class Residual(nn.Module):
        def __init__(self, c_in, c, projection=False, stride=1):
            super().__init__()
            self.conv1 = nn.Conv2d(c_in, c, 3, padding=1, stride=stride)
            self.conv2 = nn.Conv2d(c, c, 3, padding=1)
            self.conv3 = nn.Conv2d(c_in, c, 1, stride=stride) if projection else None
            self.bn1, self.bn2 = nn.BatchNorm2d(c), nn.BatchNorm2d(c)

        def forward(self, x):
            y = torch.relu(self.bn1(self.conv1(x)))
            y = self.bn2(self.conv2(y))
            return torch.relu(y + (self.conv3(x) if self.conv3 else x))

    layers = [nn.Conv2d(1, 64, 7, 2, 3), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    c = 64
    for stage, width in enumerate([64, 128, 256, 512]):
        layers += [Residual(c, width, stage > 0, 2 if stage else 1), Residual(width, width)]
        c = width
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 10))


def torch_network(name):
    import torch

    if name == "d2l_resnet18":
        return torch, d2l_resnet18(torch), (1, 96, 96), 10
    import torchvision

    return torch, getattr(torchvision.models, name)(), (3, 224, 224), 1000


def run_pytorch(name, mode, batch, threads, repeats):
    torch, net, shape, classes = torch_network(name)
    torch.set_num_threads(threads)
    net = net.to(memory_format=torch.channels_last)
    x = torch.randn(batch, *shape).to(memory_format=torch.channels_last)
    if mode == "infer":
        net = torch.jit.optimize_for_inference(torch.jit.trace(net.eval(), x))
        with torch.no_grad():
            return best_of(lambda: net(x), repeats), torch.__version__
    labels = torch.randint(0, classes, (batch,))
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-6)
    net.train()

    def step():
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(x), labels).backward()
        optimizer.step()

    return best_of(step, repeats), torch.__version__


def export_onnx(name, batch):
    """Written by Debian's torch in a process of its own: the peer's Python may have none."""
    path = os.path.join(tempfile.gettempdir(), f"resnetc-bench-{name}-{batch}.onnx")
    if not os.path.exists(path):
        import subprocess

        subprocess.run(["/usr/bin/python3", os.path.abspath(__file__), "export", name, str(batch), path],
                       check=True, stdout=subprocess.DEVNULL)
    return path


def run_onnxruntime(name, mode, batch, threads, repeats):
    import numpy
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(export_onnx(name, batch), options,
                                           providers=["CPUExecutionProvider"])
    first = session.get_inputs()[0]
    x = numpy.random.randn(*first.shape).astype(numpy.float32)
    return best_of(lambda: session.run(None, {first.name: x}), repeats), onnxruntime.__version__


def main():
    if sys.argv[1] == "export":
        torch, net, shape, _ = torch_network(sys.argv[2])
        torch.onnx.export(net.eval(), torch.randn(int(sys.argv[3]), *shape), sys.argv[4], opset_version=13)
        return
    system, name, mode, batch, threads, repeats = sys.argv[1:7]
    runner = {"pytorch": run_pytorch, "onnxruntime": run_onnxruntime}[system]
    ms, version = runner(name, mode, int(batch), int(threads), int(repeats))
    print(json.dumps({"min_ms": ms, "version": version}))


if __name__ == "__main__":
    main()
