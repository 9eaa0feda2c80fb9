"""The trainer protocol, version 1 (docs/trainer-protocol.md): `main(train, evaluate)` is a whole trainer."""

import json
import math
import os
import platform
import shutil
import signal
import sys
import threading
import time
import traceback
from pathlib import Path

import numpy as np

from .safetensors import load_file
from .schedule import Schedule

PROTOCOL = 1
PROGRESS_SECONDS = 1.0
ALIVE_SECONDS = 5.0


class Failure(Exception):
    """Ends a run with a kind: diverged, bad-configuration, data-missing (never tried again), out-of-memory or crashed."""

    def __init__(self, kind, message):
        super().__init__(message)
        self.kind = kind


class Stopped(Exception):
    """Raised by `Run.alive` when an evaluation is asked to end."""


class Run:
    """One task file, and what the trainer says about it."""

    def __init__(self, task, say):
        self.task = task
        self.parameters = task["parameters"]
        self.seed = task["seed"]
        self.settings = task["task"].get("settings", {})
        self.from_step = task["fromStep"]
        self.to_step = task["toStep"]
        self.threads = task["threads"]
        self.split = task["evaluation"]["split"]
        self.samples = task["evaluation"]["samples"]
        self.final = task["evaluation"]["level"] == "final"
        self.output_folder = Path(task["outputFolder"])
        self.data_folder = Path(task["dataFolder"]) if task["dataFolder"] else None
        self.resume_from = Path(task["resumeFrom"]) if task["resumeFrom"] else None
        if self.resume_from is not None and not self.resume_from.is_dir():
            raise Failure("data-missing", f"there is no checkpoint in {self.resume_from}")
        self.step = self.from_step
        self.loss = math.nan
        self.stopping = False
        self._say = say
        self._schedule = None
        self._spoke = time.monotonic()

    @property
    def schedule(self):
        """The trial's noise schedule (rgsweep.schedule)."""
        if self._schedule is None:
            if self.task["scheduleFile"] is None:
                raise Failure("bad-configuration", "the task has no data set, so there is no noise schedule")
            self._schedule = Schedule.load(self.task["scheduleFile"])
        return self._schedule

    def data(self, split="train"):
        """Samples of a split, [N, D]."""
        if self.data_folder is None:
            raise Failure("bad-configuration", "the task has no data set")
        return load_file(self.data_folder / f"{split}.safetensors")["samples"]

    def random(self, step, stream=0):
        """A generator that depends on the seed, the step and the stream alone: resumed equals uninterrupted."""
        return np.random.default_rng([self.seed, step, stream])

    def steps(self, save):
        """
        Numbers of the steps to train. Set `run.loss` in the loop; `save(folder)` writes a checkpoint into an empty folder,
        whenever one is due. The loop ends early on SIGTERM.
        """
        told, told_at = self.from_step, time.monotonic()
        saved = self.from_step
        while self.step < self.to_step and not self.stopping:
            yield self.step + 1
            self.step += 1
            if not math.isfinite(self.loss):
                raise Failure("diverged", f"the loss is {self.loss} at step {self.step}")
            now = time.monotonic()
            if now - told_at >= PROGRESS_SECONDS or self.step == self.to_step:
                rate = (self.step - told) / max(now - told_at, 1e-9)
                self._say(type="progress", step=self.step, loss=float(self.loss), stepsPerSecond=rate)
                told, told_at = self.step, now
            if self.step % self.task["checkpointEverySteps"] == 0:
                self._checkpoint(save)
                saved = self.step
        if self.step > saved:
            self._checkpoint(save)

    def _checkpoint(self, save):
        folder = self.output_folder / f"step-{self.step}"
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        save(partial)
        partial.rename(folder)
        self._say(type="checkpoint", step=self.step, folder=str(folder), loss=float(self.loss))

    def alive(self):
        """To be called often in long work without steps; raises Stopped when an evaluation is asked to end."""
        if self.stopping and self.task["mode"] == "evaluate":
            raise Stopped
        if time.monotonic() - self._spoke > ALIVE_SECONDS:
            self._spoke = time.monotonic()
            self._say(type="alive")

    def warn(self, message):
        """A sentence for the trial's record."""
        self._say(type="warning", message=str(message))


def _open_protocol():
    """The protocol's own stream; whatever else is printed goes to standard error."""
    stream = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)

    def say(**message):
        stream.write(json.dumps(message) + "\n")
        stream.flush()

    return say


def _end_with_parent():
    while os.read(0, 4096):
        pass
    os._exit(3)


def main(train, evaluate, backend=None):
    """
    Runs the task file that the last argument names, and exits.

    `train(run)` trains with `run.steps`; `evaluate(run)` returns metrics by name, or (metrics, files): names of files that
    it wrote below `run.output_folder`. `backend` is a word for people.
    """
    say = _open_protocol()
    run = None

    def stop(*_):
        if run is not None:
            run.stopping = True
        else:
            os._exit(143)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    code = 0
    try:
        task = json.loads(Path(sys.argv[-1]).read_text(encoding="utf-8"))
        if task["protocol"] != PROTOCOL:
            raise Failure("bad-configuration", f"protocol is {task['protocol']}; this trainer speaks {PROTOCOL}")
        run = Run(task, say)
        backend = backend or f"numpy {np.__version__} on Python {platform.python_version()}"
        say(type="started", protocol=PROTOCOL, backend=backend, step=run.from_step)
        if task["mode"] == "train":
            train(run)
            say(type="done", step=run.step, preempted=run.step < run.to_step)
        else:
            _measure(run, evaluate, say)
    except Failure as failure:
        say(type="failure", kind=failure.kind, message=str(failure))
        code = 1
    except MemoryError as error:
        say(type="failure", kind="out-of-memory", message=str(error) or "out of memory")
        code = 1
    except FileNotFoundError as error:
        say(type="failure", kind="data-missing", message=str(error))
        code = 1
    except Exception as error:
        traceback.print_exc()
        say(type="failure", kind="crashed", message=f"{type(error).__name__}: {error}")
        code = 1
    sys.stderr.flush()
    os._exit(code)


def _measure(run, evaluate, say):
    try:
        result = evaluate(run)
    except Stopped:
        say(type="done", step=run.from_step, preempted=True)
        return
    metrics, files = result if isinstance(result, tuple) else (result, [])
    figures = {name: float(value) for name, value in metrics.items()}
    say(
        type="metrics",
        step=run.from_step,
        metrics={name: value if math.isfinite(value) else None for name, value in figures.items()},
        files=list(files),
    )
    say(type="done", step=run.from_step, preempted=False)
