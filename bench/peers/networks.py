"""The networks as PyTorch writes them, and the files that other peers read: made once by Debian's torch.

Not here: how a network is timed (one module per peer).
"""
import json
import os
import struct


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
    """torch, the network with seeded weights, the shape of a picture, the number of classes."""
    import torch

    torch.manual_seed(0)
    if name == "d2l_resnet18":
        return torch, d2l_resnet18(torch), (1, 96, 96), 10
    import torchvision

    return torch, getattr(torchvision.models, name)(), (3, 224, 224), 1000


def write_safetensors(path, tensors):
    """name -> float32 array, in the safetensors format."""
    header, offset = {}, 0
    for name, value in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [offset, offset + value.nbytes]}
        offset += value.nbytes
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for value in tensors.values():
            f.write(value.tobytes())


def export(name, batch, folder):
    """Writes weights, a batch of pictures, its logits, and the network as ONNX and as TorchScript."""
    import numpy

    torch, net, shape, _ = torch_network(name)
    net.eval()
    x = torch.randn(batch, *shape)
    with torch.no_grad():
        numpy.save(os.path.join(folder, "logits.npy"), net(x).numpy())
    numpy.save(os.path.join(folder, "input.npy"), x.numpy())
    tensors = {k: v.numpy() for k, v in net.state_dict().items() if not k.endswith("num_batches_tracked")}
    write_safetensors(os.path.join(folder, "weights.safetensors"), tensors)
    torch.onnx.export(net, x, os.path.join(folder, "model.onnx"), opset_version=13)
    torch.jit.trace(net, x).save(os.path.join(folder, "model.pt"))
