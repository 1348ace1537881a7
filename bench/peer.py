"""peer.py: one measurement of one peer in a process of its own: prints a JSON object.

usage: peer.py SYSTEM NETWORK MODE BATCH THREADS REPEATS FOLDER
       peer.py export NETWORK BATCH FOLDER     (with Debian's torch) writes the files that FOLDER must have
SYSTEM is a module of peers/; MODE infer or train. The object: min_ms, version, rss_bytes (the largest resident set),
error (of the logits, relative to those that `export` wrote). Called by compare.py; alternation and tables are there.
"""
import importlib
import json
import os
import resource
import sys


def main():
    if sys.argv[1] == "export":
        from peers.networks import export

        export(sys.argv[2], int(sys.argv[3]), sys.argv[4])
        return
    system, name, mode, batch, threads, repeats, folder = sys.argv[1:8]
    peer = importlib.import_module(f"peers.{system}")
    ms, logits = getattr(peer, mode)(name, int(batch), int(threads), int(repeats), folder)
    result = {"min_ms": ms, "version": peer.version(),
              "rss_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}
    if logits is not None:
        import numpy

        want = numpy.load(os.path.join(folder, "logits.npy"))
        result["error"] = float(numpy.linalg.norm(logits - want) / numpy.linalg.norm(want))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
