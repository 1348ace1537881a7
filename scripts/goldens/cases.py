"""Which goldens there are: one of inference for every shipped model, some odd sizes, training and SGD."""
from dataclasses import dataclass

import reference
from variants import VARIANTS

# At inference a network whose statistics are made up grows by a factor per block, and gates saturate: a smaller last
# gamma tames that.
SCALED = {"seresnet18", "seresnet34", "seresnet50", "seresnet101", "seresnet152", "seresnext50_32x4d", "resnet152",
          "resnet152d", "resnet200", "resnetv2_152", "resnetv2_200", "d2l_resnet152",
          "cifar_resnet110", "cifar_resnet1202", "preact_resnet164", "preact_resnet1001"}


@dataclass
class Case:
    name: str
    model: str
    kind: str
    batch: int
    height: int = 0  # 0: the model's default
    width: int = 0
    new_classes: int = 0
    new_channels: int = 0
    gamma_factor: float = 1.0
    seed: int = 1
    images: int = 0  # SGD: size of the set, steps, and the optimiser's numbers
    steps: int = 0
    lr: float = 0.0
    momentum: float = 0.0
    weight_decay: float = 0.0
    optimizer: str = "sgd"  # or "adamw", with PyTorch's betas
    epsilon: float = 0.0
    nesterov: bool = False
    no_decay_1d: bool = False
    label_smoothing: float = 0.0
    clip_norm: float = 0.0

    @property
    def classes(self):
        return self.new_classes or VARIANTS[self.model].classes

    @property
    def chw(self):
        c, h, w = VARIANTS[self.model].chw
        return (self.new_channels or c, self.height or h, self.width or w)

    def build(self):
        return VARIANTS[self.model].build(self.new_classes, self.new_channels)

    def defines(self):
        all_of_them = {"classes": self.new_classes, "channels": self.new_channels, "height": self.height,
                       "width": self.width}
        return {name: value for name, value in all_of_them.items() if value}

    def run(self):
        return {"infer": reference.infer, "train": reference.train, "sgd": reference.sgd}[self.kind](self)


def inference_cases():
    for model, variant in VARIANTS.items():
        size = 64 if variant.chw[1] == 224 else 0
        yield Case(model, model, "infer", 2 if size or variant.chw[1] == 96 else 4, size, size,
                   gamma_factor=0.2 if model in SCALED else 1.0)
    for model in ("resnet18", "resnet50d", "seresnet50", "resnetv2_50", "preact_resnet50_fb", "preact_resnet50_tf",
                  "preact_resnet50_keras", "d2l_resnet18", "d2l_resnet18_tf", "resnet50_v1", "googlenet_inception"):
        yield Case(f"{model}_65x97", model, "infer", 3, 65, 97, seed=2,
                   gamma_factor=0.2 if model in SCALED else 1.0)
    for model in ("cifar_resnet20", "cifar_resnet20_b", "wrn_40_4"):
        yield Case(f"{model}_33x31", model, "infer", 3, 33, 31, seed=2)
    for model in ("resnet18", "resnet50", "d2l_resnet18"):
        yield Case(f"{model}_224", model, "infer", 1, 224, 224, seed=3)
    yield Case("resnet18_grey", "resnet18", "infer", 5, 96, 96, 10, 1, seed=4)


def training_cases():
    for model in ("resnet18", "resnet34", "resnet50", "resnet152", "resnet50d", "seresnet50", "resnetv2_18",
                  "resnetv2_50", "preact_resnet50_fb", "preact_resnet50_tf", "preact_resnet50_keras",
                  "preact_resnet164", "cifar_resnet20", "cifar_resnet20_b", "cifar_resnet56", "wrn_40_4",
                  "resnext29_8x64d", "d2l_resnet18", "d2l_resnet18_tf", "googlenet_inception"):
        size = 64 if VARIANTS[model].chw[1] > 32 else 0
        yield Case(f"{model}_train", model, "train", TRAIN_BATCH.get(model, 16), size, size,
                   gamma_factor=TRAIN_GAMMA.get(model, 0.2))


# With 0.2 a sign that flips moves gradients less. Where many blocks stand on each other, or nothing normalises their
# sum (pre-activation), 0.05 keeps rounding errors from growing with depth: what is left are the flips of each branch.
TRAIN_BATCH = {
    "resnet18": 8, "resnet34": 8, "resnetv2_18": 8, "d2l_resnet18": 8, "d2l_resnet18_tf": 8, "googlenet_inception": 8,
    "wrn_40_4": 8, "resnext29_8x64d": 8, "resnet50": 32, "preact_resnet50_keras": 64,
    "resnet152": 128, "preact_resnet164": 32, "cifar_resnet20": 32}
TRAIN_GAMMA = {"cifar_resnet20": 1.0, "googlenet_inception": 1.0, "resnet152": 0.05, "preact_resnet164": 0.05,
               "preact_resnet50_keras": 0.05}


def sgd_cases():
    yield Case("d2l_resnet18_sgd", "d2l_resnet18", "sgd", 16, 64, 64, images=40, steps=5, lr=0.05, gamma_factor=0.2)
    yield Case("resnet18_sgd", "resnet18", "sgd", 8, 64, 64, 10, images=24, steps=4, lr=0.01, momentum=0.9,
               weight_decay=1e-4, gamma_factor=0.2)
    yield Case("cifar_resnet20_sgd", "cifar_resnet20", "sgd", 32, images=144, steps=20, lr=0.01, momentum=0.9,
               weight_decay=5e-4)
    yield Case("cifar_resnet20_nesterov_sgd", "cifar_resnet20", "sgd", 16, images=40, steps=5, lr=0.02, momentum=0.9,
               weight_decay=1e-3, nesterov=True, no_decay_1d=True, label_smoothing=0.1, clip_norm=1.0)
    # An epsilon of 1e-8 makes the first steps signs of gradients, and rounding decides those near zero.
    yield Case("cifar_resnet20_adamw_sgd", "cifar_resnet20", "sgd", 16, images=40, steps=5, lr=0.002,
               optimizer="adamw", epsilon=1e-3, weight_decay=0.05)


CASES = {case.name: case for make in (inference_cases, training_cases, sgd_cases) for case in make()}
