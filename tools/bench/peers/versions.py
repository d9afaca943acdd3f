"""Prints the versions of what the peers are made of, as JSON."""

import json
import sys
from importlib.metadata import version

PACKAGES = ("tensorflow-cpu", "keras", "torch", "torchvision", "onnxruntime", "numpy")
print(json.dumps({"python": sys.version.split()[0], **{name: version(name) for name in PACKAGES}}))
