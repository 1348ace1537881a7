"""ncnn: the traced network through its converter pnnx; float32, Winograd and packing on (its defaults). Batch 1 only."""
import os
import subprocess
import sys

from .timing import best_of


def version():
    import ncnn

    return ncnn.__version__


def convert(folder, shape):
    """Makes model.ncnn.param and model.ncnn.bin beside model.pt."""
    if not os.path.exists(f"{folder}/model.ncnn.bin"):
        size = ",".join(str(n) for n in shape)
        subprocess.run([os.path.join(os.path.dirname(sys.executable), "pnnx"), "model.pt", f"inputshape=[{size}]",
                        "fp16=0"], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def infer(name, batch, threads, repeats, folder):
    import ncnn
    import numpy

    if batch != 1:
        raise ValueError("has no batch")
    x = numpy.load(f"{folder}/input.npy")
    convert(folder, x.shape)
    net = ncnn.Net()
    net.opt.num_threads = threads
    for option in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage"):
        setattr(net.opt, option, False)
    net.load_param(f"{folder}/model.ncnn.param")
    net.load_model(f"{folder}/model.ncnn.bin")
    picture = ncnn.Mat(x[0])

    def run():
        extractor = net.create_extractor()
        extractor.input("in0", picture)
        return extractor.extract("out0")[1]

    return best_of(run, repeats), numpy.array(run()).reshape(1, -1)
