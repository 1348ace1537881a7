"""model.py: a compiled model in Python: ctypes for the runtime's few functions, NumPy for the data."""
import ctypes
import sys

import numpy as np

RUNTIME = ctypes.CDLL("libresnetc_runtime.so.1", mode=ctypes.RTLD_GLOBAL)
ROLE_INPUT, ROLE_OUTPUT = 1, 2


class Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("text", ctypes.c_char * 1024)]


class Tensor(ctypes.Structure):  # RnTensor in resnetc/model_abi.h
    _fields_ = [("offset", ctypes.c_uint64), ("slope", ctypes.c_uint64), ("init_arg", ctypes.c_double),
                ("name", ctypes.c_uint32), ("dim", ctypes.c_uint32 * 6), ("grad", ctypes.c_int32),
                ("region", ctypes.c_uint16), ("elem", ctypes.c_uint8), ("role", ctypes.c_uint8),
                ("flags", ctypes.c_uint16), ("rank", ctypes.c_uint8), ("init", ctypes.c_uint8)]


RUNTIME.rn_model_tensor.restype = ctypes.POINTER(Tensor)
RUNTIME.rn_model_nth.restype = ctypes.c_int32


class Model:
    """One input, one output; any batch. `name` is the model's: the library has rn_model_NAME."""

    def __init__(self, library, name, weights):
        self.library = ctypes.CDLL(library if "/" in library else "./" + library)
        variants = ctypes.byref(ctypes.c_char.in_dll(self.library, "rn_model_" + name))
        self.model = ctypes.c_void_p()  # the variant for this machine
        self._check("rn_model_choose", variants, ctypes.byref(self.model))
        self.session = ctypes.c_void_p()
        self._check("rn_session_open", self.model, None, ctypes.byref(self.session))
        self._check("rn_weights_load", self.session, weights.encode())
        self.input, self.output = self._shape(ROLE_INPUT), self._shape(ROLE_OUTPUT)

    def _check(self, function, *arguments):
        error = Error()
        if getattr(RUNTIME, function)(*arguments, ctypes.byref(error)) != 0:
            raise RuntimeError(error.text.decode())

    def _shape(self, role):
        tensor = RUNTIME.rn_model_tensor(self.model, RUNTIME.rn_model_nth(self.model, role, 0))[0]
        return tuple(tensor.dim[1:tensor.rank])

    def __call__(self, images):
        images = np.ascontiguousarray(images, np.float32)
        if images.shape[1:] != self.input:
            raise ValueError(f"images of {images.shape[1:]}, but the model takes {self.input}")
        logits = np.empty((len(images),) + self.output, np.float32)
        self._check("rn_infer", self.session, ctypes.byref(ctypes.c_void_p(images.ctypes.data)),
                    ctypes.c_size_t(len(images)), ctypes.byref(ctypes.c_void_p(logits.ctypes.data)))
        return logits

    def __del__(self):
        if getattr(self, "session", None):
            RUNTIME.rn_session_close(self.session)


if __name__ == "__main__":
    net = Model(*sys.argv[1:4])
    pictures = np.random.default_rng(1).random((5,) + net.input, np.float32)
    y = net(pictures)
    print(y.shape, y.dtype)
    print("the batch and its pictures one by one agree:",
          np.allclose(y, np.concatenate([net(p[None]) for p in pictures]), atol=1e-4))
