"""What the TypeScript side wrote for a task: pictures, labels and initial weights."""

import json
from pathlib import Path

import numpy as np


class TaskData:
    def __init__(self, task: dict):
        self.folder = Path(task["folder"])
        size = task["inputSize"]
        self.pixels = np.fromfile(self.folder / "images.bin", np.uint8).reshape(-1, size, size, 3)
        mean, std = np.float32(task["mean"]), np.float32(task["std"])
        # Ready before the clock starts: the peers are spared the cast and the scaling that our step does.
        self.images = (self.pixels / np.float32(255) - mean) / std  # float32 NHWC
        self.labels = np.fromfile(self.folder / "labels.bin", np.int32)

    def layers(self) -> list[tuple[str, list[np.ndarray]]]:
        """(layer name, weights in Keras' order and layout) for every layer that has weights."""
        index = json.loads((self.folder / "weights.json").read_text())
        values = np.fromfile(self.folder / "weights.bin", np.float32)
        layers: dict[str, list[np.ndarray]] = {}
        offset = 0
        for entry in index:
            count = int(np.prod(entry["shape"]))
            weight = values[offset : offset + count].reshape(entry["shape"])
            layers.setdefault(entry["layer"], []).append(weight)
            offset += count
        return list(layers.items())


class BatchCycle:
    """Start indices of batches, again and again in order."""

    def __init__(self, image_count: int, batch_size: int):
        self.starts = range(0, image_count - batch_size + 1, batch_size)
        self.position = 0

    def __next__(self) -> int:
        start = self.starts[self.position % len(self.starts)]
        self.position += 1
        return start
