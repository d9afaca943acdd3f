"""ONNX Runtime on the model that PyTorch exported (model.onnx), or on the very file of this project (exported.onnx)."""

import sys

import numpy as np
import onnxruntime
from task_data import BatchCycle, TaskData
from worker import serve


class OnnxContestant:
    def __init__(self, file: str):
        self.file = file

    def prepare(self, task: dict) -> dict:
        self.task = task
        data = TaskData(task)
        self.images = data.pixels if self.file == "exported.onnx" else torch_images(task, data)
        self.session = onnxruntime.InferenceSession(
            str(data.folder / self.file), providers=["CPUExecutionProvider"]
        )
        self.cycle = BatchCycle(len(data.labels), task["batchSize"])
        # The export folds batch normalization away, so the parameters are PyTorch's, counted there.
        return {"parameters": None, "note": "CPUExecutionProvider"}

    def predict(self, images: np.ndarray) -> np.ndarray:
        return self.session.run(None, {"images": images})[0]

    def outputs(self, rows: int) -> dict:
        return {"outputs": self.predict(self.images[:rows]).astype("float64").flatten().tolist()}

    def run(self, steps: int) -> None:
        for _ in range(steps):
            start = next(self.cycle)
            self.predict(self.images[start : start + self.task["batchSize"]])


def torch_images(task: dict, data: TaskData) -> np.ndarray:
    images = data.images
    if task["model"] == "mobileNetV2":
        images = images[:, ::-1, ::-1]  # the exported model sees mirrored pictures: torch_peer.py
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2))


if __name__ == "__main__":
    serve(OnnxContestant(sys.argv[1]))
