"""Every shipped model: how to build its reference in PyTorch, and how many trainable parameters it has."""
from functools import partial

import torchvision
from torchvision.models import resnet as tv

from preact import PreCifar, PreResNet50, TimmResNetV2, WideResNet
from residual import Basic, Bottleneck, InceptionNet, ResNet, Style

DEPTHS = {18: (2, 2, 2, 2), 26: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3),
          152: (3, 8, 36, 3), 200: (3, 24, 36, 3)}


class Variant:
    """params is the exact count with the default number of classes and channels."""

    def __init__(self, build, params, classes, chw):
        self.make, self.params, self.classes, self.chw = build, params, classes, chw

    def build(self, classes=None, channels=None):
        net = self.make(classes=classes or self.classes, channels=channels or self.chw[0])
        if not classes and not channels:
            count = sum(p.numel() for p in net.parameters())
            if count != self.params:
                raise SystemExit(f"{count} parameters where {self.params} are expected")
        return net


def from_torchvision(name, classes, channels):
    net = getattr(torchvision.models, name)(num_classes=classes)
    return other_channels(net, channels)


def torchvision_depths(depths, classes, channels):
    return other_channels(tv.ResNet(tv.Bottleneck, list(depths), num_classes=classes), channels)


def other_channels(net, channels):
    if channels != 3:
        net.conv1 = tv.nn.Conv2d(channels, 64, 7, 2, 3, bias=False)
    return net


def residual(depth, stem="7x7", classes=None, channels=None, **style):
    block = Basic if depth in (18, 34) else Bottleneck
    return ResNet(block, DEPTHS[depth], classes, channels, Style(**style), stem)


def cifar(depth, shortcut, classes, channels):
    return ResNet(Basic, [(depth - 2) // 6] * 3, classes, channels, Style(shortcut=shortcut, shortcut_name="shortcut"),
                  "3x3", 16, "linear")


def resnext29(groups, classes, channels):
    return ResNet(Bottleneck, (3, 3, 3), classes, channels, Style(groups=groups), "3x3", 64)


def timm_v2(depth, deep=False, classes=None, channels=None):
    return TimmResNetV2(DEPTHS[depth], depth not in (18, 34), classes, channels, deep)


class Demo(tv.nn.Module):
    """One of the chapter's residual blocks on its own: the output is a feature map."""

    def __init__(self, c_in, c, stride):
        super().__init__()
        self.residual = Basic(Style(bias=True, shortcut_bn=False), c_in, c, stride)

    def forward(self, x):
        return self.residual(x)


def demo(c, stride, classes, channels):
    return Demo(channels, c, stride)


def table():
    imagenet, small, grey = (1000, (3, 224, 224)), (10, (3, 32, 32)), (10, (1, 96, 96))
    t = {}
    for name, params in (
            ("resnet18", 11689512), ("resnet34", 21797672), ("resnet50", 25557032), ("resnet101", 44549160),
            ("resnet152", 60192808), ("resnext50_32x4d", 25028904), ("resnext101_32x8d", 88791336),
            ("resnext101_64x4d", 83455272), ("wide_resnet50_2", 68883240), ("wide_resnet101_2", 126886696)):
        t[name] = Variant(partial(from_torchvision, name), params, *imagenet)
    for depth, params in ((26, 15995176), (200, 64673832)):
        t[f"resnet{depth}"] = Variant(partial(torchvision_depths, DEPTHS[depth]), params, *imagenet)
    t["resnet50_v1"] = Variant(partial(residual, 50, first_stride=True), 25557032, *imagenet)
    for depth, params in ((18, 11708744), (26, 16014408), (34, 21816904), (50, 25576264), (101, 44568392), (152, 60212040)):
        t[f"resnet{depth}d"] = Variant(partial(residual, depth, "deep", avg_down=True), params, *imagenet)
    for depth, params in ((18, 11779624), (34, 21960416), (50, 28088024), (101, 49326872), (152, 66821848)):
        t[f"seresnet{depth}"] = Variant(partial(residual, depth, se=True), params, *imagenet)
    t["seresnext50_32x4d"] = Variant(
        partial(residual, 50, se=True, groups=32, base_width=4), 27559896, *imagenet)
    for depth, params in ((18, 11687720), (34, 21795880), (50, 25549352), (101, 44541480), (152, 60185128),
                          (200, 64666152)):
        t[f"resnetv2_{depth}"] = Variant(partial(timm_v2, depth), params, *imagenet)
    for depth, params in ((50, 25568584), (101, 44560712)):
        t[f"resnetv2_{depth}d"] = Variant(partial(timm_v2, depth, True), params, *imagenet)
    for source, params in (("fb", 25556008), ("tf", 25549352), ("keras", 25568360)):
        t[f"preact_resnet50_{source}"] = Variant(partial(PreResNet50, source), params, *imagenet)
    for depth, params in ((20, 269722), (32, 464154), (44, 658586), (56, 853018), (110, 1727962), (1202, 19421274)):
        t[f"cifar_resnet{depth}"] = Variant(partial(cifar, depth, "A"), params, *small)
    t["cifar_resnet20_b"] = Variant(partial(cifar, 20, "B"), 272474, *small)
    for depth, params in ((164, 1703258), (1001, 10327706)):
        t[f"preact_resnet{depth}"] = Variant(partial(PreCifar, depth), params, *small)
    for depth, k, params in ((16, 8, 10961370), (28, 10, 36479194), (40, 4, 8949210)):
        t[f"wrn_{depth}_{k}"] = Variant(partial(WideResNet, depth, k), params, *small)
    for groups, params in ((8, 34426698), (16, 68155210)):
        t[f"resnext29_{groups}x64d"] = Variant(partial(resnext29, groups), params, *small)
    for depth, params in ((18, 11178378), (34, 21290250), (50, 23541130), (101, 42559370), (152, 58226058)):
        t[f"d2l_resnet{depth}"] = Variant(partial(residual, depth, bias=True, shortcut_bn=False), params, *grey)
    t["d2l_resnet18_tf"] = Variant(
        partial(residual, 18, bias=True, shortcut_bn=False, same=True, eps=1e-3, momentum=0.01), 11178378, *grey)
    t["googlenet_inception"] = Variant(InceptionNet, 284410, *grey)
    t["residual_demo"] = Variant(partial(demo, 3, 1), 180, None, (3, 6, 6))
    t["residual_demo_stride2"] = Variant(partial(demo, 6, 2), 546, None, (3, 6, 6))
    return t


VARIANTS = table()
