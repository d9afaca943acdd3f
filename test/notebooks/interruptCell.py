"""Runs cells in a real kernel as Jupyter does, and presses its stop button.

    interruptCell.py WORKING_DIRECTORY < '[{"code": "…", "interruptAt": "step 2", "until": "…"}, …]'

`interruptAt`: the kernel is interrupted once an output of the cell holds this text; `until`: waits, after the cell has
ended, for an output with this text; `then`: another cell that waits behind it, as with "Run all". Prints a list with one object a cell: {outputs: [text, …], seconds: [number, …],
errors, status, secondsToIdle}: `seconds` from the cell's start to each output; `errors`: what a front end shows in red,
the text of stderr and of error messages; `status`: of the reply, "ok" or "error"; `thenStatus`: of the other cell's, "abort"
where it was skipped; `secondsToIdle`: from the interrupt to the kernel's "idle", null without one.
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
    if message["msg_type"] == "error":
        return "\n".join(content["traceback"])
    return str(content.get("data", {}).get("text/plain", ""))


def is_error(message) -> bool:
    return message["msg_type"] == "error" or message["content"].get("name") == "stderr"


def run(manager, client, step) -> dict:
    """Runs a cell; again where the kernel skipped it: tslab skips what arrives within .2 s of a cell that failed."""
    while True:
        identity = client.execute(step["code"])
        behind = client.execute(step["then"]) if "then" in step else None
        outcome = watch(manager, client, step, identity)
        statuses = statuses_of(client, {identity, behind} - {None})
        if statuses[identity] != "abort":
            return {**outcome, "status": statuses[identity], "thenStatus": statuses.get(behind)}
        time.sleep(0.1)


def watch(manager, client, step, identity) -> dict:
    outputs: list[str] = []
    seconds: list[float] = []
    errors = ""
    interrupted_at = idle_at = None
    started_at = time.monotonic()
    deadline = started_at + LIMIT_SECONDS
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
            seconds.append(round(time.monotonic() - started_at, 3))
            errors += text if is_error(message) else ""
        if "interruptAt" in step and interrupted_at is None and has("interruptAt"):
            interrupted_at = time.monotonic()
            manager.interrupt_kernel()
        is_ours = message["parent_header"].get("msg_id") == identity
        if is_ours and message["content"].get("execution_state") == "idle":
            idle_at = time.monotonic()
    to_idle = idle_at - interrupted_at if idle_at and interrupted_at else None
    return {"outputs": outputs, "seconds": seconds, "errors": errors, "secondsToIdle": to_idle}


def statuses_of(client, identities) -> dict:
    statuses: dict = {}
    while len(statuses) < len(identities):
        reply = client.get_shell_msg(timeout=LIMIT_SECONDS)
        identity = reply["parent_header"].get("msg_id")
        if identity in identities:
            statuses[identity] = reply["content"]["status"]
    return statuses


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
