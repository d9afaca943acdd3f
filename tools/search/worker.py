"""A worker of a search: asks Optuna for trials, runs each as a row of the sweep, and tells what it reached.

    worker.py OPTIONS COMMAND…      COMMAND: tools/commands/sweep.ts; OPTIONS: its options as JSON, with the sweep's folder

Trial and row have one number. Exit codes: 0 there are enough trials, 1 it does not work, 130 interrupted. A trial that is
not told then is taken up by the next worker. Results so far: search.json.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import warnings
from pathlib import Path

import optuna
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optuna.trial import Trial, TrialState

ENDINGS = {"done": TrialState.COMPLETE, "pruned": TrialState.PRUNED, "failed": TrialState.FAIL}
options, command, parent = json.loads(sys.argv[1]), sys.argv[2:], os.getppid()
folder = Path(options["names"][0])
plan = json.loads((folder / "plan.json").read_text())
model, metric, rule = plan["maximise"].get("model"), plan["maximise"]["metric"], plan.get("prune")
# A worker that waits for its turn must not take a lock from a living one: Optuna counts 30 s from when it began to wait.
lock = JournalFileSymlinkLock(str(folder / "rows.jsonl"), grace_period=120)
signals, passed_over = [], set()


def locked(work, *arguments):
    lock.acquire()
    try:
        return work(*arguments)
    finally:
        lock.release()


def read_lines(file, having=""):
    """JSON lines without those that are half written: the last one, or where a disk was full."""
    return parsed(file.read_text().split("\n")[:-1] if file.exists() else [], having)


def parsed(lines, having):
    values = []
    for line in lines:
        if having in line:
            with contextlib.suppress(ValueError):
                values.append(json.loads(line))
    return values


def open_study():
    storage = optuna.storages.JournalStorage(JournalFileBackend(str(folder / "optuna.journal")))
    study = optuna.create_study(
        study_name=(optuna.get_all_study_names(storage) or [folder.name])[0],
        storage=storage,
        pruner=optuna.pruners.MedianPruner(rule["fromTrial"], rule["fromEpoch"]) if rule else None,
        direction="maximize",
        load_if_exists=True,
    )
    if not study.trials:
        first = read_lines(folder / "rows.jsonl")[0]["values"]
        study.enqueue_trial({name: first[name] for name in plan["search"]})
    return study


def choose():
    """A trial that is not told, else a new one, with its row; None where there are enough."""
    rows, trials = read_lines(folder / "rows.jsonl"), study.trials
    if len(trials) < len(rows):
        sys.exit("optuna.journal lacks trials of rows.jsonl: put it back, or search in another folder (--out).")
    left = [n for n in range(len(rows)) if not trials[n].state.is_finished() and n not in passed_over]
    number = next((n for n in left if not is_held(rows[n]["id"])), len(rows))
    if number >= plan["trials"]:
        return None
    # A seed for each trial: workers that begin together must not propose the same.
    study.sampler = optuna.samplers.TPESampler(seed=(rows[0]["values"].get("seed", 0) + number) % 2**32)
    is_begun = number < len(trials) and trials[number].state == TrialState.RUNNING
    trial = Trial(study, trials[number]._trial_id) if is_begun else study.ask()
    values = {name: suggest(trial, name, space) for name, space in plan["search"].items()}
    if number == len(rows):
        call = [*command, json.dumps({**options, "add": values})]
        rows.append(json.loads(subprocess.run(call, stdout=subprocess.PIPE, check=True).stdout))
    trial.set_user_attr("row", rows[number]["id"])
    return trial, folder / "rows" / rows[number]["id"]


def is_held(row):
    """As the rest of the project sees it: whether a process, here or elsewhere, is at work on a row."""
    locks = Path(__file__).resolve().parents[2] / "lib" / "processLock.cjs"
    call = [command[0], "-p", f"require('{locks}').isHeld(process.argv[1])", str(folder / "rows" / row / ".lock")]
    return subprocess.run(call, stdout=subprocess.PIPE, check=True).stdout.strip() == b"true"


def suggest(trial, name, space):
    if isinstance(space, list):
        return trial.suggest_categorical(name, space)
    kind = trial.suggest_int if space.get("integer") else trial.suggest_float
    return kind(name, space["from"], space["to"], log=space.get("log", False))


def run(trial, row):
    """Runs a row to its end; returns how it ended, another word where that is not ours to tell."""
    if state_of(row) in ENDINGS:
        return state_of(row)
    row.mkdir(parents=True, exist_ok=True)
    ours, theirs = socket.socketpair()  # Node's channel to its parent: a row stops with us, however we end
    call = [*command, json.dumps({**options, "row": trial.number})]
    environment = {**os.environ, "NODE_CHANNEL_FD": str(theirs.fileno())}
    with open(row / "row.log", "ab") as log:
        child = subprocess.Popen(call, env=environment, pass_fds=[theirs.fileno()], stdout=log, stderr=log)
    theirs.close()
    new_lines, is_pruned = follow(row / "progress.jsonl"), rule is None
    while child.poll() is None:
        if signals or os.getppid() != parent:
            ours.close()
        new = [] if is_pruned else events_in(new_lines(), "epoch")
        for epoch in new:
            trial.report(measured(epoch["val"], "at each epoch, to prune by"), epoch["epoch"])
        # Behind the last epoch nothing is left to save.
        if new and new[-1]["epoch"] < trained_epochs(row) and trial.should_prune():
            child.send_signal(signal.SIGUSR2)
            is_pruned = True
        time.sleep(0.2)
    return "interrupted" if child.returncode == 130 and state_of(row) != "pruned" else state_of(row)


def state_of(row):
    if (row / "run.json").exists():
        return "done"
    return ([{"state": "waiting"}] + read_lines(row / "progress.jsonl", '"event":"row"'))[-1]["state"]


def trained_epochs(row):
    return events_in((row / "progress.jsonl").read_text().split("\n"), "training")[-1]["epochs"]


def events_in(lines, kind):
    return [each for each in parsed(lines, f'"event":"{kind}"') if each["model"] == model]


def follow(file):
    """A function that returns the lines of a file that have come since now, or since its last call."""
    place = file.stat().st_size if file.exists() else 0

    def new_lines():
        nonlocal place
        if not file.exists():
            return []
        with open(file, "rb") as opened:
            opened.seek(place)
            text = opened.read()
        whole = text[: text.rfind(b"\n") + 1]
        place += len(whole)
        return whole.decode().split("\n")

    return new_lines


def tell(trial, row, ending):
    """Tells Optuna; nothing is told twice."""
    value = value_of(row) if ending == "done" else None
    study.tell(trial.number, value, ENDINGS[ending], skip_if_finished=True)
    states = write_results()
    numbers = {name: f"{each:.4g}" for name, each in trial.params.items() if isinstance(each, float)}
    values = ", ".join(f"{name} = {each}" for name, each in {**trial.params, **numbers}.items())
    print(f"  row {trial.number}  {values}: {ending if value is None else round(value, 4)}", flush=True)
    if len(states) > 2 and set(states) == {"FAIL"}:
        sys.exit(f"The first trials failed: see {row / 'row.log'}.")


def write_results():
    """Writes search.json; returns the states of all trials that have ended."""
    told = [
        {"row": each.number, "state": each.state.name, "value": each.value, "values": each.params} for each in study.trials
    ]
    states = [each["state"] for each in told if each["state"] not in ("RUNNING", "WAITING")]
    importance = optuna.importance.get_param_importances(study) if states.count("COMPLETE") > 1 else {}
    temporary = folder / "search.json.tmp"
    temporary.write_text(json.dumps({"metric": metric, "importance": importance, "trials": told}, indent=2) + "\n")
    temporary.replace(folder / "search.json")
    return states


def value_of(row):
    """Of the validation, never of the test."""
    models = json.loads((row / "run.json").read_text())["models"]
    named = [each["val"] for each in models if model in (None, each["name"])]
    return measured(named[-1] if named else None, f"among the models {', '.join(each['name'] for each in models)}")


def measured(figures, where):
    if figures and metric in figures:
        return figures[metric]
    found = ", ".join(figures or {}) or "no figures"
    sys.exit(f"Expected validation {metric} of {model or 'the last model'} {where}; received {found}: correct maximise.")


warnings.simplefilter("ignore")  # experimental features
optuna.logging.set_verbosity(optuna.logging.ERROR)
for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(each, lambda number, _frame: signals.append(number))
study = locked(open_study)
while chosen := locked(choose):
    ending = run(*chosen)
    if ending in ENDINGS:
        locked(tell, *chosen, ending)
        passed_over.clear()
    else:  # another process is at work on it, or its own was killed
        passed_over.add(chosen[0].number)
    if signals or ending == "interrupted":
        sys.exit(130)
locked(write_results)  # as a worker that was killed may have told the last trial alone
