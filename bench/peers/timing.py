"""What every peer shares: the least time of some runs."""
import time


def best_of(run, repeats):
    """Least time of `repeats` runs in ms, after two that do not count."""
    best = float("inf")
    for i in range(repeats + 2):
        start = time.perf_counter()
        run()
        took = time.perf_counter() - start
        if i >= 2:
            best = min(best, took)
    return 1e3 * best
