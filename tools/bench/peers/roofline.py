"""How fast this machine multiplies and moves, as JSON: FLOP/s of large products and convolutions, the faster of the two,
since libraries differ by processor; bytes/s of arrays that no cache holds.

By PyTorch, that this project's own engine is not its own measure. Argument: the number of threads.
"""

import json
import sys
import time

import torch

SIDE = 2048
FLOATS = 1 << 26  # 256 MB an array


def best(work, calls) -> float:
    """Seconds of the fastest of `calls`, after one that is not counted."""
    work()
    seconds = []
    for _ in range(calls):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


@torch.inference_mode()
def products(dtype) -> float:
    a, b = (torch.rand(SIDE, SIDE, dtype=dtype) for _ in range(2))
    out = torch.empty(SIDE, SIDE, dtype=dtype)
    matrices = 2 * SIDE**3 / best(lambda: torch.matmul(a, b, out=out), 12)
    pictures, filters = (torch.rand(*shape, dtype=dtype) for shape in ((32, 256, 16, 16), (256, 256, 3, 3)))
    pictures, filters = (each.contiguous(memory_format=torch.channels_last) for each in (pictures, filters))
    seconds = best(lambda: torch.nn.functional.conv2d(pictures, filters, padding=1), 12)
    return max(matrices, 2 * pictures.numel() * 256 * 9 / seconds)


def bandwidth() -> float:
    """Two arrays read, one of them written, as an optimizer does with a slot."""
    a, b = torch.rand(FLOATS), torch.rand(FLOATS)
    return 3 * 4 * FLOATS / best(lambda: a.add_(b, alpha=1e-3), 8)


torch.set_num_threads(int(sys.argv[1]))
print(json.dumps({"float32": products(torch.float32), "bfloat16": products(torch.bfloat16), "bytes": bandwidth()}))
