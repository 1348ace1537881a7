"""Counter-based numbers that C (tests/support/counter_rng.c) and Python make alike, bit for bit.

value(name, seed, i) depends on its arguments only, so a golden file needs to store neither parameters
nor pictures. All arithmetic is modulo 2^64; results are float32 and every product is rounded once.
"""
import numpy as np

GOLDEN = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1
CHUNK = 1 << 22  # numbers made at once, to bound memory
PROJECTIONS = 16


def fnv1a64(name):
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = ((h ^ byte) * 0x100000001B3) & MASK
    return h


def finalize(z):
    """splitmix64's finalizer of one Python integer."""
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def stream(name, seed):
    return finalize(fnv1a64(name) ^ ((seed * GOLDEN) & MASK))


def raw(name, seed, start, count):
    """uint64 [count]: the numbers start, start + 1, ... of the stream."""
    i = np.arange(start + 1, start + count + 1, dtype=np.uint64)
    z = np.uint64(stream(name, seed)) + i * np.uint64(GOLDEN)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def units(name, seed, count, start=0):
    """float32 [count] in [-1, 1), multiples of 2^-23."""
    out = np.empty(count, np.float32)
    for lo in range(0, count, CHUNK):
        hi = min(count, lo + CHUNK)
        bits = (raw(name, seed, start + lo, hi - lo) >> np.uint64(40)).astype(np.int64)
        out[lo:hi] = (bits - (1 << 23)).astype(np.float32) * np.float32(2.0**-23)
    return out


def tensor(name, shape, seed):
    """A parameter or a piece of state, by the last part of its name and its rank."""
    u = units(name, seed, int(np.prod(shape, dtype=np.int64)))
    if len(shape) > 1:
        u = u * np.float32(np.sqrt(6.0 / float(np.prod(shape[1:], dtype=np.int64))))
    elif name.endswith("running_var"):
        u = np.float32(1) + np.float32(0.5) * u
    elif name.endswith("weight"):
        u = np.float32(1) + np.float32(0.25) * u
    else:  # biases and running means
        u = np.float32(0.1) * u
    return u.reshape(shape)


def images(count, chw, seed, first=0):
    """float32 [count, c, h, w]: pictures first, first + 1, ... of the endless set."""
    size = int(np.prod(chw))
    u = units("input", seed, count * size, first * size) * np.float32(1.7)
    return u.reshape((count,) + tuple(chw))


def labels(count, classes, seed, first=0):
    return (raw("labels", seed, first, count) % np.uint64(classes)).astype(np.int64)


def samples(name, size, seed, count):
    """Which entries of a tensor a golden file stores: int64 [min(count, size)], all if there are few."""
    if size <= count:
        return np.arange(size)
    return (raw("sample/" + name, seed, 0, count) % np.uint64(size)).astype(np.int64)


def projections(name, values, seed):
    """float64 [PROJECTIONS]: signed sums of a whole tensor; entry i has the sign of bit k of its number.

    The mean square of (projections of an error) is the square of its norm, so these few numbers show an error
    anywhere in the tensor.
    """
    sums = np.zeros(PROJECTIONS)
    for lo in range(0, values.size, CHUNK // 4):
        part = np.asarray(values[lo:lo + CHUNK // 4], np.float64)
        low = (raw("project/" + name, seed, lo, part.size) & np.uint64(0xFFFF)).astype("<u2")
        bits = np.unpackbits(low.view(np.uint8).reshape(-1, 2), axis=1, bitorder="little")
        sums += part.sum() - 2.0 * (part @ bits.astype(np.float64))
    return sums
