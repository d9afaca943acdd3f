"""PyTorch, set up for speed on a CPU: channels_last, fused optimizers, bfloat16 by autocast."""

import contextlib

import numpy as np
import torch
from task_data import BatchCycle, TaskData
from torch import nn
from worker import serve


class TorchContestant:
    def prepare(self, task: dict) -> dict:
        self.task = task
        data = TaskData(task)
        images = data.images
        if task["model"] == "mobileNetV2":
            images = np.ascontiguousarray(images[:, ::-1, ::-1])  # see flip_kernels
        # NHWC memory seen as NCHW is PyTorch's channels_last.
        self.images = torch.from_numpy(images).permute(0, 3, 1, 2)
        self.labels = torch.from_numpy(data.labels).long()
        self.model = create_model(task)
        load_weights(self.model, data.layers(), task)
        self.model.to(memory_format=torch.channels_last)
        self.cycle = BatchCycle(len(self.labels), task["batchSize"])
        self.loss = nn.CrossEntropyLoss()
        self.checked_steps = 0
        if task["kind"] == "train":
            self.prepare_training()
        else:
            self.model.eval()
        return {"parameters": count_parameters(self.model), "note": "eager, channels_last"}

    def prepare_training(self) -> None:
        self.model.train()
        if self.task["batchNorm"] == "frozen":
            for module in self.model.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
                    module.requires_grad_(False)
        trainable = [weight for weight in self.model.parameters() if weight.requires_grad]
        rate = self.task["learningRate"]
        self.optimizer = (
            torch.optim.Adam(trainable, rate, eps=1e-7, fused=True)
            if self.task["optimizer"] == "adam"
            else torch.optim.SGD(trainable, rate, momentum=self.task["momentum"], fused=True)
        )

    def autocast(self):
        if self.task["precision"] == "bfloat16":
            return torch.autocast("cpu", dtype=torch.bfloat16)
        return contextlib.nullcontext()

    def batch(self):
        start = next(self.cycle)
        end = start + self.task["batchSize"]
        return self.images[start:end], self.labels[start:end]

    def train_step(self) -> torch.Tensor:
        images, labels = self.batch()
        self.optimizer.zero_grad(set_to_none=True)
        with self.autocast():
            loss = self.loss(self.model(images), labels)
        loss.backward()
        self.optimizer.step()
        return loss

    def losses(self, steps: int) -> dict:
        losses = []
        for _ in range(steps):
            self.checked_steps += 1
            for group in self.optimizer.param_groups:
                if "betas" in group:
                    group["eps"] = epsilon(self.checked_steps)
            losses.append(self.train_step().item())
        return {"losses": losses}

    @torch.inference_mode()
    def predict(self, images: torch.Tensor) -> np.ndarray:
        with self.autocast():
            return self.model(images).float().softmax(1).numpy()

    def outputs(self, rows: int) -> dict:
        return {"outputs": self.predict(self.images[:rows]).astype("float64").flatten().tolist()}

    def run(self, steps: int) -> None:
        for _ in range(steps):
            if self.task["kind"] == "train":
                self.train_step()
            else:
                self.predict(self.batch()[0])

    def export(self, path: str) -> None:
        """Writes the model, softmax included, as ONNX with a free batch size."""
        torch.onnx.export(
            nn.Sequential(self.model, nn.Softmax(1)).eval(),
            (self.images[:1].contiguous(),),
            path,
            input_names=["images"],
            dynamic_axes={"images": {0: "batch"}},
            dynamo=False,  # the newer exporter needs a package more
        )


def epsilon(step: int) -> float:
    """Keras' 1e-7 for PyTorch's Adam.

    Keras adds epsilon to the root of the second moment as it is, PyTorch after its correction by 1 - beta2^t
    (Kingma and Ba 2015 give both, section 2). In the first steps that shows.
    """
    return 1e-7 / (1 - 0.999**step) ** 0.5


class Flatten(nn.Module):
    """[n, channels, h, w] in channels_last becomes [n, h * w * channels] without a copy: Keras' order."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.permute(0, 2, 3, 1).flatten(1)


def create_model(task: dict) -> nn.Module:
    classes = task["numClasses"]
    if task["model"] == "mobileNetV2":
        from torchvision.models import mobilenet_v2

        model = mobilenet_v2(num_classes=classes, dropout=0.0)
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eps, module.momentum = 1e-3, 1e-3  # Keras' values; PyTorch's momentum is 1 - Keras'
        return model
    if task["model"] == "mlp":
        pixels = task["inputSize"] ** 2 * 3
        return nn.Sequential(Flatten(), nn.Linear(pixels, 2048), nn.ReLU(), nn.Linear(2048, classes))
    blocks, channels = [], 3
    for filters in (32, 64, 128, 256):
        blocks += [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        channels = filters
    features = channels * (task["inputSize"] // 16) ** 2
    return nn.Sequential(
        *blocks,
        Flatten(),
        nn.Linear(features, 64),
        nn.ReLU(),
        nn.Dropout(task["dropoutRate"]),
        nn.Linear(64, classes),
    )


def load_weights(model: nn.Module, layers: list, task: dict) -> None:
    """Keras' layers with weights and PyTorch's modules come in the same order; the layouts differ."""
    kinds = (nn.Conv2d, nn.BatchNorm2d, nn.Linear)
    modules = [module for module in model.modules() if isinstance(module, kinds)]
    with torch.no_grad():
        for (name, weights), module in zip(layers, modules, strict=True):
            weights = [torch.from_numpy(weight.copy()) for weight in weights]
            if isinstance(module, nn.BatchNorm2d):
                targets = (module.weight, module.bias, module.running_mean, module.running_var)
            else:
                targets = (module.weight, module.bias)
                weights[0] = kernel(weights[0], module)
                if task["model"] == "mobileNetV2":
                    weights[0] = flip_kernels(weights[0])
            for target, weight in zip(targets, weights):
                assert target.shape == weight.shape, f"{name}: {target.shape} and {weight.shape}"
                target.copy_(weight)


def kernel(weight: torch.Tensor, module: nn.Module) -> torch.Tensor:
    if isinstance(module, nn.Linear):
        return weight.T
    if module.groups > 1:
        return weight.permute(2, 3, 0, 1)  # depthwise: [h, w, channels, 1]
    return weight.permute(3, 2, 0, 1)  # [h, w, in, out]


def flip_kernels(weight: torch.Tensor) -> torch.Tensor:
    """Makes torchvision's MobileNetV2 compute exactly what Keras' does, at no cost.

    Keras pads a stride-2 convolution of an even side at its end, torchvision at both ends: they differ by a
    pixel. Seen in a mirror (pictures and kernels turned by 180 degrees) torchvision's is Keras'.
    """
    return weight.flip(2, 3) if weight.ndim == 4 else weight


def count_parameters(model: nn.Module) -> int:
    """Weights and moving averages, as Keras counts them."""
    buffers = (buffer for buffer in model.buffers() if buffer.is_floating_point())
    return sum(weight.numel() for weight in (*model.parameters(), *buffers))


if __name__ == "__main__":
    serve(TorchContestant())
