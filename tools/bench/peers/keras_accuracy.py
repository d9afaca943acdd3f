"""Keras training the original notebook's CNN as the original does: fit() on arrays, batch 32, Adam, ten epochs.

    {"do": "train", "folder": "...", "epochs": n, "batchSize": n, "seed": n}
      -> {"seconds": s, "testAccuracy": a, "singleViewAccuracy": a, "epochs": n, "parameters": n, "precision": "float32"}

Between the command and its reply, a line "# ..." after each epoch.
"""

import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
from keras_peer import create_model
from worker import serve


class KerasTraining:
    def train(self, folder: str, epochs: int, batchSize: int, seed: int) -> dict:
        data = Pictures(Path(folder))
        # Scaled before the clock starts, and the graph of the evaluation is made after it has stopped.
        train, test = data.part("train"), data.part("test")
        self.started_at = time.perf_counter()
        # Not seeded, as the original: after set_random_seed, fit() shuffles in one order for all epochs, and the test accuracy
        # is .02 lower, also where the order is changed. `seed` only counts the trainings.
        model = create_model(
            {"model": "cnn", "inputSize": data.side, "numClasses": data.classes, "dropoutRate": 0.3}
        )
        model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        report = keras.callbacks.LambdaCallback(on_epoch_end=self.report)
        model.fit(*train, epochs=epochs, batch_size=batchSize, verbose=0, callbacks=[report])
        seconds = time.perf_counter() - self.started_at
        _, accuracy = model.evaluate(*test, batch_size=1000, verbose=0)
        return {
            "seconds": seconds,
            "testAccuracy": float(accuracy),
            "singleViewAccuracy": float(accuracy),
            "epochs": epochs,
            "parameters": model.count_params(),
            "precision": "float32",
        }

    def report(self, epoch: int, logs: dict) -> None:
        seconds = time.perf_counter() - self.started_at
        self.tell(f"epoch {epoch + 1}, {seconds:.0f} s, training accuracy {logs['accuracy']:.3f}")


class Pictures:
    """What ours/recipes.ts wrote."""

    def __init__(self, folder: Path):
        self.folder = folder
        about = json.loads((folder / "data.json").read_text())
        self.side, self.classes = about["side"], about["classes"]

    def part(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """float32 [n, side, side, 3] in 0…1 and int32 [n]."""
        pixels = np.fromfile(self.folder / f"{name}-images.bin", np.uint8)
        labels = np.fromfile(self.folder / f"{name}-labels.bin", np.int32)
        return pixels.reshape(-1, self.side, self.side, 3) / np.float32(255), labels


if __name__ == "__main__":
    serve(KerasTraining())
