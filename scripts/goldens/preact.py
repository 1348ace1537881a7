"""Pre-activation residual networks: the five definitions in use, and wide residual networks.

Sources: KaimingHe/resnet-1k-layers (He), facebookarchive/fb.resnet.torch preresnet.lua (fb), tensorflow/models
official/resnet (TF), keras-team/keras-applications ResNet50V2 (Keras), timm resnetv2 (timm), xternalz (WRN).
"""
import torch.nn.functional as F
from torch import nn


class PreBottleneck(nn.Module):
    """Names are bn1..3, conv1..3, downsample.{0,1}; timm's are norm1..3, conv1..3, downsample.conv.

    leading: has the BN + ReLU in front; projects: has a shortcut convolution; raw: the shortcut reads x itself.
    """

    def __init__(self, c_in, c_out, stride, leading=True, projects=False, raw=False, shortcut_bn=False,
                 first_stride=False, bias=False, eps=1e-5, momentum=0.1):
        super().__init__()
        c = c_out // 4
        first, second = (stride, 1) if first_stride else (1, stride)
        self.raw, self.stride = raw, stride
        self.bn1 = nn.BatchNorm2d(c_in, eps, momentum) if leading else None
        self.conv1 = nn.Conv2d(c_in, c, 1, first, bias=False)
        self.bn2 = nn.BatchNorm2d(c, eps, momentum)
        self.conv2 = nn.Conv2d(c, c, 3, second, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(c, eps, momentum)
        self.conv3 = nn.Conv2d(c, c_out, 1, bias=bias)
        self.downsample = None
        if projects:
            layers = [nn.Conv2d(c_in, c_out, 1, stride, bias=bias)]
            self.downsample = nn.Sequential(*layers, *([nn.BatchNorm2d(c_out)] if shortcut_bn else []))

    def forward(self, x):
        a = x if self.bn1 is None else F.relu(self.bn1(x))
        if self.downsample is not None:
            s = self.downsample(x if self.raw else a)
        else:  # Keras: a 1x1 max-pool with a stride, that is, every second row and column
            s = x[:, :, ::self.stride, ::self.stride]
        y = self.conv2(F.relu(self.bn2(self.conv1(a))))
        return self.conv3(F.relu(self.bn3(y))) + s


class PreResNet50(nn.Module):
    """Fifty layers (or `depths`) for ImageNet; source is "fb", "tf" or "keras"."""

    def __init__(self, source, classes=1000, channels=3, depths=(3, 4, 6, 3)):
        super().__init__()
        self.source = source
        eps, momentum = {"fb": (1e-5, 0.1), "tf": (1e-5, 0.003), "keras": (1.001e-5, 0.01)}[source]
        self.conv1 = nn.Conv2d(channels, 64, 7, 2, 3, bias=source == "keras")
        if source == "fb":
            self.bn1 = nn.BatchNorm2d(64)
        c_in = 64
        for stage, depth in enumerate(depths):
            blocks, c_out = [], 256 << stage
            for i in range(depth):
                if source == "keras":
                    stride = 2 if stage < 3 and i == depth - 1 else 1
                else:
                    stride = 2 if stage > 0 and i == 0 else 1
                blocks.append(PreBottleneck(
                    c_in, c_out, stride, leading=not (source == "fb" and stage == 0), projects=i == 0,
                    raw=source == "fb", shortcut_bn=source == "fb", bias=source == "keras", eps=eps,
                    momentum=momentum))
                c_in = c_out
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.bn = nn.BatchNorm2d(c_in, eps, momentum)
        self.fc = nn.Linear(c_in, classes)

    def pool(self, x):
        if self.source == "keras":  # padded with zeros, whatever the sign of the values
            return F.max_pool2d(F.pad(x, (1, 1, 1, 1)), 3, 2)
        if self.source == "tf":  # 'same' with minus infinity
            from residual import same_pad
            return F.max_pool2d(same_pad(x, 3, 2, float("-inf")), 3, 2)
        return F.max_pool2d(F.relu(self.bn1(x)), 3, 2, 1)

    def forward(self, x):
        x = self.pool(self.conv1(x))
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
        return self.fc(F.relu(self.bn(x)).mean((2, 3)))


class PreCifar(nn.Module):
    """He's 164 and 1001: depth 9n + 2, the stride in the first 1x1."""

    def __init__(self, depth, classes=10, channels=3):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 16, 3, padding=1, bias=False)
        c_in = 16
        for stage in range(3):
            blocks, c_out = [], 64 << stage
            for i in range((depth - 2) // 9):
                stride = 2 if stage > 0 and i == 0 else 1
                blocks.append(PreBottleneck(c_in, c_out, stride, projects=c_in != c_out, first_stride=True))
                c_in = c_out
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.bn = nn.BatchNorm2d(c_in)
        self.fc = nn.Linear(c_in, classes)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(self.conv1(x))))
        return self.fc(F.relu(self.bn(x)).mean((2, 3)))


class TimmBlock(nn.Module):
    def __init__(self, c_in, c_out, stride, bottleneck, projects, avg_down):
        super().__init__()
        c = c_out // 4 if bottleneck else c_out
        self.bottleneck = bottleneck
        self.norm1 = nn.BatchNorm2d(c_in)
        self.conv1 = nn.Conv2d(c_in, c, 1, bias=False) if bottleneck else nn.Conv2d(c_in, c, 3, stride, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(c)
        self.conv2 = nn.Conv2d(c, c, 3, stride if bottleneck else 1, 1, bias=False)
        if bottleneck:
            self.norm3, self.conv3 = nn.BatchNorm2d(c), nn.Conv2d(c, c_out, 1, bias=False)
        self.downsample = None
        if projects:
            self.downsample = nn.ModuleDict({"conv": nn.Conv2d(c_in, c_out, 1, 1 if avg_down else stride, bias=False)})
        self.pool = None
        if avg_down and stride > 1:
            self.pool = nn.AvgPool2d(2, stride, ceil_mode=True, count_include_pad=False)

    def forward(self, x):
        a = F.relu(self.norm1(x))
        s = x
        if self.downsample is not None:
            s = self.downsample["conv"](a if self.pool is None else self.pool(a))
        y = self.conv2(F.relu(self.norm2(self.conv1(a))))
        return (self.conv3(F.relu(self.norm3(y))) if self.bottleneck else y) + s


def timm_deep_stem(channels):
    """The three 3x3 convolutions of the D networks."""
    return nn.ModuleDict({
        "conv1": nn.Conv2d(channels, 32, 3, 2, 1, bias=False), "norm1": nn.BatchNorm2d(32), "relu1": nn.ReLU(),
        "conv2": nn.Conv2d(32, 32, 3, 1, 1, bias=False), "norm2": nn.BatchNorm2d(32), "relu2": nn.ReLU(),
        "conv3": nn.Conv2d(32, 64, 3, 1, 1, bias=False)})


class TimmResNetV2(nn.Module):
    """deep: the D networks, which have another stem and an average pool in their shortcuts."""

    def __init__(self, depths, bottleneck=True, classes=1000, channels=3, deep=False):
        super().__init__()
        plain = {"conv": nn.Conv2d(channels, 64, 7, 2, 3, bias=False)}
        self.stem = timm_deep_stem(channels) if deep else nn.ModuleDict(plain)
        c_in, stages = 64, []
        for stage, depth in enumerate(depths):
            blocks, c_out = [], (256 if bottleneck else 64) << stage
            for i in range(depth):
                stride = 2 if stage > 0 and i == 0 else 1
                projects = i == 0 and (bottleneck or stride > 1 or c_in != c_out)
                blocks.append(TimmBlock(c_in, c_out, stride, bottleneck, projects, deep))
                c_in = c_out
            stages.append(nn.ModuleDict({"blocks": nn.Sequential(*blocks)}))
        self.stages = nn.ModuleList(stages)
        self.norm = nn.BatchNorm2d(c_in)
        self.head = nn.ModuleDict({"fc": nn.Conv2d(c_in, classes, 1)})

    def forward(self, x):
        for layer in self.stem.values():
            x = layer(x)
        x = F.max_pool2d(x, 3, 2, 1)
        for stage in self.stages:
            x = stage["blocks"](x)
        x = F.relu(self.norm(x)).mean((2, 3), keepdim=True)
        return self.head["fc"](x).flatten(1)


class WideBlock(nn.Module):
    def __init__(self, c_in, c_out, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(c_in), nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(c_out), nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False)
        self.convShortcut = nn.Conv2d(c_in, c_out, 1, stride, bias=False) if c_in != c_out else None

    def forward(self, x):
        a = F.relu(self.bn1(x))
        y = self.conv2(F.relu(self.bn2(self.conv1(a))))
        return y + (x if self.convShortcut is None else self.convShortcut(a))


class WideResNet(nn.Module):
    def __init__(self, depth, k, classes=10, channels=3):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 16, 3, padding=1, bias=False)
        c_in = 16
        for stage in range(3):
            blocks, c_out = [], (16 * k) << stage
            for i in range((depth - 4) // 6):
                blocks.append(WideBlock(c_in, c_out, 2 if stage > 0 and i == 0 else 1))
                c_in = c_out
            setattr(self, f"block{stage + 1}", nn.ModuleDict({"layer": nn.Sequential(*blocks)}))
        self.bn1 = nn.BatchNorm2d(c_in)
        self.fc = nn.Linear(c_in, classes)

    def forward(self, x):
        x = self.conv1(x)
        for stage in (self.block1, self.block2, self.block3):
            x = stage["layer"](x)
        return self.fc(F.relu(self.bn1(x)).mean((2, 3)))
