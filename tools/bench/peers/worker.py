"""The loop of every Python contestant: one JSON command a line on stdin, one JSON reply a line on stdout.

    {"do": "prepare", "task": {...}}  -> {"parameters": n, "note": "..."}
    {"do": "losses", "steps": n}      -> {"losses": [...]}       training: of the next n steps
    {"do": "outputs", "rows": n}      -> {"outputs": [...]}      inference: of the first n pictures, flat
    {"do": "choose", "steps": n}      -> {"note": "..."}         Keras only: takes the fastest of its ways
    {"do": "run", "steps": n}         -> {"seconds": s}          the timed work
    {"do": "latencies", "steps": n}   -> {"seconds": [...]}      the same, each call by itself
    {"do": "export", "path": "..."}   -> {}                      PyTorch only: the model as ONNX
    {"do": "train", ...}              -> {...}                   keras_accuracy.py only: a whole training
    {"do": "memory"}                  -> {"peakBytes": n}

Meanwhile contestant.tell(text) writes a line "# text" as progress.
"""

import json
import os
import resource
import sys
import time


def serve(contestant) -> None:
    """Answers until stdin ends. What libraries print goes to stderr."""
    replies = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    contestant.tell = lambda text: print("#", text, file=replies)
    for line in sys.stdin:
        command = json.loads(line)
        try:
            reply = answer(contestant, **command)
        except Exception as error:  # the other side shows it and continues without this contestant
            reply = {"error": f"{type(error).__name__}: {error}"}
        replies.write(json.dumps(reply) + "\n")


def answer(contestant, do: str, **arguments) -> dict:
    if do == "memory":
        return {"peakBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_UNIT}
    if do == "run":
        start = time.perf_counter()
        contestant.run(**arguments)
        return {"seconds": time.perf_counter() - start}
    if do == "latencies":
        return {"seconds": latencies(contestant, **arguments)}
    if do in ("prepare", "losses", "outputs", "choose", "export", "train"):
        return getattr(contestant, do)(**arguments) or {}
    raise ValueError(f'Unknown command "{do}"')


def latencies(contestant, steps: int) -> list[float]:
    seconds = []
    for _ in range(steps):
        start = time.perf_counter()
        contestant.run(steps=1)
        seconds.append(time.perf_counter() - start)
    return seconds


# Linux counts in kilobytes, macOS in bytes.
MAXRSS_UNIT = 1 if sys.platform == "darwin" else 1024
