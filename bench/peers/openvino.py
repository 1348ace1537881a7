"""OpenVINO: the exported graph, compiled for latency, in float32 (its default is bfloat16 where the machine has it)."""
from .timing import best_of


def version():
    import openvino

    return openvino.__version__.split("-")[0]


def infer(name, batch, threads, repeats, folder):
    import numpy
    import openvino

    core = openvino.Core()
    model = core.compile_model(f"{folder}/model.onnx", "CPU", {
        "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32", "PERFORMANCE_HINT": "LATENCY"})
    request = model.create_infer_request()
    x = numpy.load(f"{folder}/input.npy")
    request.infer([x])
    logits = request.get_output_tensor(0).data.copy()
    return best_of(lambda: request.infer([x], share_inputs=True), repeats), logits
