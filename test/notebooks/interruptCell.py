"""Runs cells in a real kernel as Jupyter does, and presses its stop button.

    interruptCell.py WORKING_DIRECTORY < '[{"code": "…", "interruptAt": "step 2", "until": "…"}, …]'

`interruptAt`: the kernel is interrupted once an output of the cell holds this text; `until`: waits, after the cell has
ended, for an output with this text. Prints a list with one object a cell: {outputs: [text, …], secondsToIdle}, the
latter from the interrupt to the kernel's "idle", null without one.
"""

import json
import queue
import sys
import time

from jupyter_client.manager import KernelManager

LIMIT_SECONDS = 120


def text_of(message) -> str:
    content = message["content"]
    if message["msg_type"] == "stream":
        return content["text"]
    return str(content.get("data", {}).get("text/plain", ""))


def run(manager, client, step) -> dict:
    """Runs a cell; again where the kernel skipped it: tslab skips what arrives within .2 s of a cell that failed."""
    while True:
        identity = client.execute(step["code"])
        outcome = watch(manager, client, step, identity)
        if status_of(client, identity) != "abort":
            return outcome
        time.sleep(0.1)


def watch(manager, client, step, identity) -> dict:
    outputs: list[str] = []
    interrupted_at = idle_at = None
    deadline = time.monotonic() + LIMIT_SECONDS
    has = lambda name: any(step[name] in output for output in outputs)
    while time.monotonic() < deadline:
        if idle_at and ("until" not in step or has("until")):
            break
        try:
            message = client.get_iopub_msg(timeout=0.2)
        except queue.Empty:
            continue
        text = text_of(message)
        if text:
            outputs.append(text)
        if "interruptAt" in step and interrupted_at is None and has("interruptAt"):
            interrupted_at = time.monotonic()
            manager.interrupt_kernel()
        is_ours = message["parent_header"].get("msg_id") == identity
        if is_ours and message["content"].get("execution_state") == "idle":
            idle_at = time.monotonic()
    seconds = idle_at - interrupted_at if idle_at and interrupted_at else None
    return {"outputs": outputs, "secondsToIdle": seconds}


def status_of(client, identity) -> str:
    while True:
        reply = client.get_shell_msg(timeout=LIMIT_SECONDS)
        if reply["parent_header"].get("msg_id") == identity:
            return reply["content"]["status"]


def main() -> None:
    manager = KernelManager(kernel_name="tslab")
    manager.start_kernel(cwd=sys.argv[1])
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=LIMIT_SECONDS)
        print(json.dumps([run(manager, client, step) for step in json.load(sys.stdin)]))
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


main()
