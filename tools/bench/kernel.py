"""Measures how fast the notebooks' kernel answers, driven as JupyterLab drives it.

    .venv/bin/python tools/bench/kernel.py [--rounds 5] [--json FILE]

Every round starts a kernel of its own in notebooks/. A completion's text differs each time, as it does while a person
types: tslab would answer the same text from what it has. Prints a table of medians; FILE gets every value.
"""

import argparse
import json
import os
import platform
import queue
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from jupyter_client.manager import KernelManager

ROOT = Path(__file__).resolve().parents[2]
LIMIT_SECONDS = 120
LATER = 5
"""Repetitions within a round of what is measured more than once."""

MODEL = """const pictures = ml.createDataset({
  name: 'noise', source: 'generated', classNames: ['dark', 'light'], height: 32, width: 32,
  labels: Int32Array.from({ length: 640 }, (_, index) => index % 2),
  images: Uint8Array.from({ length: 640 * 3072 }, (_, index) => (index * 7919) % 251),
});
const model = ml.createCnn({ inputShape: [32, 32, 3], numClasses: 2, seed: 3 });
const recipe = {
  trainSet: pictures, epochs: 1000, batchSize: 32, seed: 3, preprocess: { height: 32, width: 32, ...ml.UNIT_SCALE },
};"""
TRAINING = """await ml.trainModel(model, {
  ...recipe, onStep: (step) => { if (step.step === 10) console.log('ten steps'); },
});"""

CASES = {
    "start": "kernel start to the first output of a cell",
    "import": "the first cell: import of ../lib",
    "cell": "cell `1 + 1`, to idle",
    "complete_first": "completion of `ml.`, first",
    "complete_later": "completion of `ml.`, later",
    "complete_member": "completion of `ml.loadCl`",
    "complete_name": "completion of `loadCl`, imported by name",
    "interrupt_idle": "stop button in a training, to idle",
    "interrupt_next": "stop button in a training, to the next cell's output",
}


class Kernel:
    """A kernel and its client."""

    def __init__(self):
        self.manager = KernelManager(kernel_name="tslab")
        self.manager.start_kernel(cwd=str(ROOT / "notebooks"))
        self.client = self.manager.client()
        self.client.start_channels(hb=False)
        # Outputs are lost until both sockets are connected.
        while True:
            self.client.kernel_info()
            try:
                self.client.get_iopub_msg(timeout=0.02)
                break
            except queue.Empty:
                pass

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def run(self, code, until=None):
        """Runs a cell to its end, or to the output `until`; tslab skips what arrives within .2 s of a failed cell."""
        while True:
            identity = self.client.execute(code)
            seconds, failed = self.watch(identity, until)
            if until is not None:
                return seconds
            status = self.reply(identity)["status"]
            if status == "ok":
                return seconds
            if status == "error":
                raise SystemExit(f"Expected the cell to run but it failed:\n{code}\n{failed}")
            time.sleep(0.02)

    def watch(self, identity, until=None):
        started, errors = time.monotonic(), ""
        while time.monotonic() < started + LIMIT_SECONDS:
            message = self.client.get_iopub_msg(timeout=LIMIT_SECONDS)
            content = message["content"]
            if message["parent_header"].get("msg_id") != identity:
                continue
            if content.get("name") == "stderr":
                errors += content["text"]
            seen = until in content.get("text", "") if until else content.get("execution_state") == "idle"
            if seen:
                return time.monotonic() - started, errors
        raise SystemExit(f"Expected {until or 'the end of a cell'} within {LIMIT_SECONDS} s: {errors}")

    def reply(self, identity):
        while True:
            message = self.client.get_shell_msg(timeout=LIMIT_SECONDS)
            if message["parent_header"].get("msg_id") == identity:
                return message["content"]

    def complete(self, code, expected) -> float:
        started = time.monotonic()
        matches = self.reply(self.client.complete(code, len(code)))["matches"]
        seconds = time.monotonic() - started
        if expected not in matches:
            raise SystemExit(f"Expected {expected} behind {code} but received {matches[:5]}")
        return seconds

    def interrupt_training(self):
        identity = self.client.execute(TRAINING)
        self.watch(identity, "ten steps")
        pressed = time.monotonic()
        self.manager.interrupt_kernel()
        idle, _ = self.watch(identity)
        self.reply(identity)
        self.run("console.log(6 * 7)")
        return idle, time.monotonic() - pressed


def measure_round(values) -> None:
    started = time.monotonic()
    kernel = Kernel()
    try:
        kernel.run("1 + 1", until="2")
        values["start"].append(time.monotonic() - started)
        values["import"].append(kernel.run("import * as ml from '../lib';"))
        for _ in range(LATER):
            values["cell"].append(kernel.run("1 + 1"))
        for index in range(LATER + 1):
            case = "complete_later" if index else "complete_first"
            values[case].append(kernel.complete(f"const x{index} = ml.", "loadClassifier"))
        for index in range(LATER):
            values["complete_member"].append(kernel.complete(f"const y{index} = ml.loadCl", "loadClassifier"))
        kernel.run("import { loadClassifier, loadDataset, trainModel } from '../lib';")
        for index in range(LATER):
            values["complete_name"].append(kernel.complete(f"const z{index} = loadCl", "loadClassifier"))
        kernel.run(MODEL)
        idle, following = kernel.interrupt_training()
        values["interrupt_idle"].append(idle)
        values["interrupt_next"].append(following)
    finally:
        kernel.close()


def table(values) -> str:
    rows = [
        [title, f"{1000 * statistics.median(v):,.0f}", f"{1000 * min(v):,.0f}–{1000 * max(v):,.0f}", str(len(v))]
        for name, title in CASES.items()
        for v in [values[name]]
    ]
    rows.insert(0, ["", "median, ms", "range", "n"])
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return "\n".join(
        "  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths)))
        for row in rows
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Measures how fast the notebooks' kernel answers.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    values = {name: [] for name in CASES}
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(RUN_DIR=folder, TENSORFLOW_LOG=str(Path(folder) / "log"))
        for _ in range(options.rounds):
            measure_round(values)
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    facts = {
        "commit": commit.stdout.strip() or None,
        "cores": os.cpu_count(),
        "machine": platform.machine(),
        "load": [round(load_before, 2), round(os.getloadavg()[0], 2)],
    }
    print(f"{facts['cores']} cores; load before {facts['load'][0]}, after {facts['load'][1]}; {facts['commit']}")
    print(table(values))
    if options.json:
        rounded = {name: [round(v, 4) for v in values[name]] for name in CASES}
        options.json.write_text(json.dumps({**facts, "seconds": rounded}, indent=2) + "\n", encoding="utf-8")


main()
