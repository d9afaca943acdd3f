"""Keras on TensorFlow, as its documentation has it: compile() and fit(), or predict_on_batch()."""

import os
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow as tf
from keras import layers
from task_data import BatchCycle, TaskData
from worker import serve


class KerasContestant:
    def prepare(self, task: dict) -> dict:
        keras.mixed_precision.set_dtype_policy(
            "mixed_bfloat16" if task["precision"] == "bfloat16" else "float32"
        )
        self.task = task
        self.data = TaskData(task)
        self.model = create_model(task)
        for name, weights in self.data.layers():
            self.model.get_layer(name).set_weights(weights)
        self.dataset = None
        self.cycle = BatchCycle(len(self.data.labels), task["batchSize"])
        self.run = self.predict_on_batch
        if task["kind"] == "train":
            self.compile()
            self.run = self.train_on_batch
        return {"parameters": self.model.count_params(), "note": self.note()}

    def compile(self) -> None:
        rate = self.task["learningRate"]
        optimizer = (
            keras.optimizers.Adam(rate)
            if self.task["optimizer"] == "adam"
            else keras.optimizers.SGD(rate, momentum=self.task["momentum"])
        )
        for layer in self.model.layers[:-1]:
            is_batch_norm = isinstance(layer, layers.BatchNormalization)
            if self.task["trained"] == "top" or (self.task["batchNorm"] == "frozen" and is_batch_norm):
                layer.trainable = False
        self.model.compile(optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])

    def losses(self, steps: int) -> dict:
        losses = []
        for _ in range(steps):
            self.model.reset_metrics()  # else it returns the mean of all steps so far
            losses.append(float(self.model.train_on_batch(*self.batch())[0]))
        return {"losses": losses}

    def outputs(self, rows: int) -> dict:
        output = self.model.predict_on_batch(self.data.images[:rows])
        return {"outputs": output.astype("float64").flatten().tolist()}

    def choose(self, steps: int) -> dict:
        """Takes the faster of fit and train_on_batch."""
        seconds = {}
        for run in (self.fit, self.train_on_batch):
            run(steps)  # traces
            start = time.perf_counter()
            run(steps)
            seconds[run] = time.perf_counter() - start
        self.run = min(seconds, key=seconds.get)
        return {"note": self.note()}

    def note(self) -> str:
        return self.run.__name__

    def batch(self):
        start = next(self.cycle)
        end = start + self.task["batchSize"]
        return self.data.images[start:end], self.data.labels[start:end]

    def train_on_batch(self, steps: int) -> None:
        for _ in range(steps * self.task["epochs"]):
            self.model.train_on_batch(*self.batch())

    def fit(self, steps: int) -> None:
        """One epoch over ready-made batches, again and again: nothing to slice, prefetched."""
        if self.dataset is None:
            size = self.task["batchSize"]
            count = len(self.cycle.starts)
            x, y = self.data.images[: count * size], self.data.labels[: count * size]
            batches = x.reshape(count, size, *x.shape[1:]), y.reshape(count, size)
            self.dataset = tf.data.Dataset.from_tensor_slices(batches).repeat().prefetch(2)
        self.model.fit(self.dataset, steps_per_epoch=steps, epochs=self.task["epochs"], verbose=0)

    def predict_on_batch(self, steps: int) -> None:
        for _ in range(steps):
            self.model.predict_on_batch(self.batch()[0])


def create_model(task: dict) -> keras.Model:
    size, classes = task["inputSize"], task["numClasses"]
    shape = (size, size, 3)
    if task["model"] == "mobileNetV2":
        return keras.applications.MobileNetV2(shape, weights=None, classes=classes)
    if task["model"] == "mlp":
        hidden = [
            layers.Flatten(),
            layers.Dense(2048, activation="relu", name="hidden"),
        ]
    else:
        hidden = []
        for block, filters in enumerate((32, 64, 128, 256), 1):
            hidden.append(
                layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{block}")
            )
            hidden.append(layers.MaxPooling2D(2))
        hidden += [
            layers.Flatten(),
            layers.Dense(64, activation="relu", name="features"),
            layers.Dropout(task["dropoutRate"]),
        ]
    # float32 at the end, as Keras' guide to mixed precision asks for.
    top = layers.Dense(classes, activation="softmax", dtype="float32", name="predictions")
    return keras.Sequential([layers.Input(shape), *hidden, top])


if __name__ == "__main__":
    serve(KerasContestant())
