"""Post-activation residual networks, written from their definitions: v1, v1.5, D, SE, ResNeXt, CIFAR, d2l.

torchvision's own networks are taken from torchvision (variants.py); names here follow theirs.
"""
import torch
import torch.nn.functional as F
from torch import nn


class Style:
    """What a family changes; the default is torchvision's."""

    def __init__(self, bias=False, shortcut_bn=True, first_stride=False, groups=1, base_width=64, se=False,
                 avg_down=False, same=False, eps=1e-5, momentum=0.1, shortcut="B", shortcut_name="downsample"):
        self.bias, self.shortcut_bn, self.first_stride = bias, shortcut_bn, first_stride
        self.groups, self.base_width, self.se, self.avg_down = groups, base_width, se, avg_down
        self.same, self.eps, self.momentum = same, eps, momentum
        self.shortcut, self.shortcut_name = shortcut, shortcut_name

    def conv(self, c_in, c_out, k, stride=1, groups=1):
        kind = SameConv if self.same else nn.Conv2d
        pad = 0 if self.same else k // 2
        return kind(c_in, c_out, k, stride, pad, groups=groups, bias=self.bias)

    def bn(self, c):
        return nn.BatchNorm2d(c, self.eps, self.momentum)


def same_pad(x, k, stride, value):
    """TensorFlow's 'same': the odd row and column go to the bottom and the right."""
    pads = []
    for size in (x.shape[3], x.shape[2]):
        total = max((-(-size // stride) - 1) * stride + k - size, 0)
        pads += [total // 2, total - total // 2]
    return F.pad(x, pads, value=value)


class SameConv(nn.Conv2d):
    def forward(self, x):
        return super().forward(same_pad(x, self.kernel_size[0], self.stride[0], 0.0))


class SameMaxPool(nn.Module):
    def forward(self, x):
        return F.max_pool2d(same_pad(x, 3, 2, float("-inf")), 3, 2)


class SqueezeExcite(nn.Module):
    """timm's: width c / 16 to the nearest multiple of 8, at least 8."""

    def __init__(self, c):
        super().__init__()
        width = max(8, int(c / 16 + 4) // 8 * 8)
        self.fc1 = nn.Conv2d(c, width, 1)
        self.fc2 = nn.Conv2d(width, c, 1)

    def forward(self, x):
        gate = self.fc2(F.relu(self.fc1(x.mean((2, 3), keepdim=True))))
        return x * gate.sigmoid()


class PadShortcut(nn.Module):
    """Option A: every second row and column, new channels zero, half on each side."""

    def __init__(self, more, stride):
        super().__init__()
        self.more, self.stride = more, stride

    def forward(self, x):
        side = self.more // 2
        return F.pad(x[:, :, ::self.stride, ::self.stride], (0, 0, 0, 0, side, self.more - side))


def shortcut(style, c_in, c_out, stride):
    if stride == 1 and c_in == c_out:
        return None
    if style.shortcut == "A":
        return PadShortcut(c_out - c_in, stride)
    if style.avg_down:
        pool = nn.AvgPool2d(2, stride, ceil_mode=True, count_include_pad=False) if stride > 1 else nn.Identity()
        layers = [pool, nn.Conv2d(c_in, c_out, 1, bias=False)]
    else:
        layers = [style.conv(c_in, c_out, 1, stride)]
    if style.shortcut_bn:
        layers.append(style.bn(c_out))
    return nn.Sequential(*layers)


class Basic(nn.Module):
    expansion = 1

    def __init__(self, style, c_in, c, stride):
        super().__init__()
        self.conv1, self.bn1 = style.conv(c_in, c, 3, stride), style.bn(c)
        self.conv2, self.bn2 = style.conv(c, c, 3), style.bn(c)
        self.se = SqueezeExcite(c) if style.se else nn.Identity()
        self.shortcut_name = style.shortcut_name
        setattr(self, style.shortcut_name, shortcut(style, c_in, c, stride))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.se(self.bn2(self.conv2(y)))
        projection = getattr(self, self.shortcut_name)
        return F.relu(y + (x if projection is None else projection(x)))


class Bottleneck(nn.Module):
    expansion = 4

    def __init__(self, style, c_in, c, stride):
        super().__init__()
        width = c * style.base_width // 64 * style.groups
        first, second = (stride, 1) if style.first_stride else (1, stride)
        self.conv1, self.bn1 = style.conv(c_in, width, 1, first), style.bn(width)
        self.conv2, self.bn2 = style.conv(width, width, 3, second, style.groups), style.bn(width)
        self.conv3, self.bn3 = style.conv(width, 4 * c, 1), style.bn(4 * c)
        self.se = SqueezeExcite(4 * c) if style.se else nn.Identity()
        self.downsample = shortcut(style, c_in, 4 * c, stride)

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.se(self.bn3(self.conv3(y)))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet(nn.Module):
    """stem: "7x7" (with max-pool), "deep" (three 3x3, with max-pool) or "3x3" (CIFAR, no pool)."""

    def __init__(self, block, depths, classes=1000, channels=3, style=None, stem="7x7", width=64, head="fc"):
        super().__init__()
        style = style or Style()
        self.stem, self.head = stem, head
        if stem == "deep":
            half = width // 2
            self.conv1 = nn.Sequential(
                style.conv(channels, half, 3, 2), style.bn(half), nn.ReLU(),
                style.conv(half, half, 3), style.bn(half), nn.ReLU(), style.conv(half, width, 3))
        elif stem == "7x7":
            self.conv1 = style.conv(channels, width, 7, 2)
        else:
            self.conv1 = style.conv(channels, width, 3)
        self.bn1 = style.bn(width)
        self.pool = SameMaxPool() if style.same else nn.MaxPool2d(3, 2, 1)
        c_in = width
        for stage, depth in enumerate(depths):
            c = (64 if block is Bottleneck else width) << stage
            blocks = []
            for i in range(depth):
                blocks.append(block(style, c_in, c, 2 if stage > 0 and i == 0 else 1))
                c_in = c * block.expansion
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.stages = len(depths)
        setattr(self, head, nn.Linear(c_in, classes))

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        if self.stem != "3x3":
            x = self.pool(x)
        for stage in range(self.stages):
            x = getattr(self, f"layer{stage + 1}")(x)
        return getattr(self, self.head)(x.mean((2, 3)))


class Inception(nn.Module):
    """The chapter's block: four branches side by side, every convolution with bias and ReLU."""

    def __init__(self, c_in, c1, c2, c3, c4):
        super().__init__()
        self.b1_1 = nn.Conv2d(c_in, c1, 1)
        self.b2_1, self.b2_2 = nn.Conv2d(c_in, c2[0], 1), nn.Conv2d(c2[0], c2[1], 3, padding=1)
        self.b3_1, self.b3_2 = nn.Conv2d(c_in, c3[0], 1), nn.Conv2d(c3[0], c3[1], 5, padding=2)
        self.b4_2 = nn.Conv2d(c_in, c4, 1)

    def forward(self, x):
        b1 = F.relu(self.b1_1(x))
        b2 = F.relu(self.b2_2(F.relu(self.b2_1(x))))
        b3 = F.relu(self.b3_2(F.relu(self.b3_1(x))))
        b4 = F.relu(self.b4_2(F.max_pool2d(x, 3, 1, 1)))
        return torch.cat([b1, b2, b3, b4], 1)


class InceptionNet(nn.Module):
    """GoogLeNet's first two modules, one Inception block, and a head."""

    def __init__(self, classes=10, channels=1):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 64, 7, 2, 3)
        self.conv2, self.conv3 = nn.Conv2d(64, 64, 1), nn.Conv2d(64, 192, 3, padding=1)
        self.inception = Inception(192, 64, (96, 128), (16, 32), 32)
        self.fc = nn.Linear(256, classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 3, 2, 1)
        x = F.max_pool2d(F.relu(self.conv3(F.relu(self.conv2(x)))), 3, 2, 1)
        return self.fc(self.inception(x).mean((2, 3)))
