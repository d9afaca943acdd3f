"""onnx_check.py FOLDER: what Python says of the .onnx files in it, as JSON; ours/parity.ts writes them.

onnx.checker must accept each, ONNX Runtime load it and compute what this project did, with all pictures at once and one by one.
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime


def check(path: Path) -> dict:
    onnx.checker.check_model(onnx.load(path), full_check=True)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    _, height, width, _ = session.get_inputs()[0].shape
    images = np.fromfile(path.with_suffix(".images"), np.uint8).reshape(-1, height, width, 3)
    expected = np.fromfile(path.with_suffix(".outputs"), np.float32).reshape(len(images), -1)
    together = session.run(["probabilities"], {"images": images})[0]
    alone = [session.run(["probabilities"], {"images": image[None]})[0][0] for image in images]
    differences = [np.abs(outputs - expected).max() for outputs in (together, np.stack(alone))]
    return {"name": path.stem, "difference": float(max(differences)), "largest": float(expected.max())}


print(json.dumps([check(path) for path in sorted(Path(sys.argv[1]).glob("*.onnx"))]))
