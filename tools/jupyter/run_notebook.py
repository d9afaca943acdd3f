"""Runs a notebook in the tslab kernel and tells what happens, one JSON object a line on stdout.

    run_notebook.py NOTEBOOK EXECUTED WORKING_DIRECTORY

NOTEBOOK is read, EXECUTED is written (also after a failure: the outputs so far). SIGINT interrupts the running cell,
gives a training time to finish its batch and its checkpoint, then ends the kernel. The end of standard input says
that the launcher is gone: the kernel ends with it.

Events: kernel {pid} | cell {index, of, state: start|done|failed, seconds, text?} | dead | interrupted | done
Exit codes: 0 done, 1 a cell failed or the kernel died, 130 interrupted.
"""

import asyncio
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

KERNEL_START_SECONDS = 180
"""tslab starts in 2 s; a machine that is busy with other things may take long."""
INTERRUPT_SECONDS = 30
"""A batch and a checkpoint take a few seconds at most; a cell that ignores the interrupt is ended after this."""
BUSY_PERCENT = 20
"""Of one processor. An idle tslab takes 1 %, a training all of one or more."""


def tell(event: str, **fields) -> None:
    print(json.dumps({"event": event, **fields}), flush=True)


class Runner(NotebookClient):
    """A notebook client that announces each cell and can be interrupted."""

    def __init__(self, notebook, directory: str):
        super().__init__(
            notebook,
            kernel_name="tslab",
            timeout=None,
            startup_timeout=KERNEL_START_SECONDS,
            iopub_timeout=60,  # a busy kernel sends a large figure late
            resources={"metadata": {"path": directory}},
            on_cell_execute=self.cell_starts,
            on_cell_executed=self.cell_ends,
        )
        cells = [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]
        self.count = len(cells)
        self.index = 0
        self.started_at = 0.0
        self.interrupted = False
        self.work: asyncio.Task | None = None
        self.kernel_process: psutil.Process | None = None

    async def async_start_new_kernel(self, **kwargs) -> None:
        # nbclient has set handlers of its own by now: they would end the kernel in the middle of a batch.
        loop = asyncio.get_running_loop()
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(name, self.interrupt)
        await super().async_start_new_kernel(**kwargs)
        self.kernel_process = psutil.Process(self.km.provisioner.pid)
        tell("kernel", pid=self.kernel_process.pid)

    def cell_starts(self, cell, cell_index) -> None:
        self.index += 1
        self.started_at = time.monotonic()
        tell("cell", index=self.index, of=self.count, state="start", seconds=0)

    def cell_ends(self, cell, cell_index, execute_reply) -> None:
        seconds = round(time.monotonic() - self.started_at, 3)
        failed = execute_reply["content"]["status"] == "error"
        if not failed:
            tell("cell", index=self.index, of=self.count, state="done", seconds=seconds)
        elif not self.interrupted:
            text = failure_text(cell, execute_reply["content"])
            tell("cell", index=self.index, of=self.count, state="failed", seconds=seconds, text=text)

    def interrupt(self) -> None:
        if self.interrupted:
            return
        self.interrupted = True
        asyncio.ensure_future(self.interrupt_kernel())

    async def interrupt_kernel(self) -> None:
        if self.index and self.km is not None:
            await self.km.interrupt_kernel()
            # Our work ends with its batch and rejects the cell; a cell that ignores the signal gets its time, then no more.
            await asyncio.wait([self.work], timeout=INTERRUPT_SECONDS)
        self.work.cancel()

    async def wait_until_quiet(self) -> None:
        """Work that nothing awaits ends its batch behind a rejected cell: waits until the kernel has nothing to do."""
        deadline = time.monotonic() + INTERRUPT_SECONDS
        quiet = -1  # the first measurement only starts the clock
        try:
            while quiet < 2 and time.monotonic() < deadline:
                used = self.kernel_process.cpu_percent(interval=None)
                quiet = quiet + 1 if used < BUSY_PERCENT else min(quiet, 0)
                await asyncio.sleep(0.4)
        except psutil.Error:
            return  # it has ended

    async def _async_cleanup_kernel(self) -> None:
        if self.interrupted and self.kernel_process is not None:
            await self.wait_until_quiet()
        await super()._async_cleanup_kernel()


def failure_text(cell, content) -> str:
    """tslab writes the error to stderr and sends an empty traceback; other kernels do the opposite."""
    streams = [o.text for o in cell.outputs if o.output_type == "stream" and o.name == "stderr"]
    traceback = content.get("traceback") or []
    return "".join(streams) or "\n".join(traceback) or str(content.get("evalue") or "no text")


async def run(notebook, executed: Path, directory: str) -> int:
    runner = Runner(notebook, directory)
    runner.work = asyncio.ensure_future(runner.async_execute())
    watch_launcher(runner.interrupt)
    try:
        await runner.work
        tell("done")
        return 0
    except (asyncio.CancelledError, CellExecutionError, DeadKernelError, RuntimeError) as error:
        # An interrupt ends in any of these: rejected cell, cancelled wait, or a kernel that died of it.
        if runner.interrupted:
            tell("interrupted")
            return 130
        if not isinstance(error, CellExecutionError):
            tell("dead", text=str(error))
        return 1
    finally:
        temporary = executed.with_suffix(".tmp")
        nbformat.write(notebook, temporary)
        os.replace(temporary, executed)


def watch_launcher(stop) -> None:
    """Calls `stop` when the launcher's end of standard input closes: it was killed."""
    loop = asyncio.get_running_loop()

    def wait() -> None:
        while os.read(0, 1):  # not sys.stdin: its lock must be free when Python ends
            pass
        loop.call_soon_threadsafe(stop)

    threading.Thread(target=wait, daemon=True).start()


def main() -> int:
    source, executed, directory = sys.argv[1:]
    notebook = nbformat.read(source, as_version=4)
    return asyncio.run(run(notebook, Path(executed), directory))


if __name__ == "__main__":
    # Not sys.exit: the thread that reads standard input would be waited for.
    code = main()
    sys.stdout.flush()
    os._exit(code)
