"""ONNX Runtime: the graph that PyTorch exports, all optimisations (the default), the asked threads."""
from .timing import best_of


def version():
    import onnxruntime

    return onnxruntime.__version__


def infer(name, batch, threads, repeats, folder):
    import numpy
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(f"{folder}/model.onnx", options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: numpy.load(f"{folder}/input.npy")}
    return best_of(lambda: session.run(None, feed), repeats), session.run(None, feed)[0]
