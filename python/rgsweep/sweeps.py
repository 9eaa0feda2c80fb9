"""Sweeps of a store that is a folder (`file://…`), as tables and arrays. A bucket is copied to a folder first."""

import hashlib
import json
from pathlib import Path

import numpy as np

from .safetensors import load_file


def _revive(value):
    """JSON has no NaN, infinities and -0; the store writes them as {"$number": "NaN"}."""
    return float(value["$number"]) if list(value) == ["$number"] else value


def _parse(text):
    return json.loads(text, object_hook=_revive)


def open_sweep(store, name):
    """A sweep by the folder of its store (or its file:// URL) and its name."""
    return Sweep(store, name)


class Sweep:
    """Everything that a store has of one sweep; nothing is cached, so a running sweep can be read again."""

    def __init__(self, store, name):
        root = Path(str(store).removeprefix("file://"))
        self.name = name
        self.folder = root / "sweeps" / name
        if not (self.folder / "spec.json").is_file():
            raise FileNotFoundError(f"{root} has no sweep {name} (no {self.folder / 'spec.json'})")

    @property
    def spec(self):
        """The sweep as launched."""
        return _parse((self.folder / "spec.json").read_text(encoding="utf-8"))

    def trials(self):
        """Records of all trials, by number: parameters, state, results at rungs, failures."""
        records = [_parse(file.read_text(encoding="utf-8")) for file in self.folder.glob("trials/*/trial.json")]
        return sorted(records, key=lambda record: record["trial"])

    def rows(self):
        """One dict for each trial at each rung: trial, label, state, baseline, rung, step, parameters and metrics."""
        rows = []
        for record in self.trials():
            common = {
                "trial": record["trial"],
                "label": record["label"],
                "state": record["state"],
                "origin": record["origin"],
                "baseline": record.get("baseline"),
                "seed": record["seed"],
                **record["parameters"],
            }
            for rung in record["rungs"]:
                place = {name: rung[name] for name in ("rung", "step", "trainSeconds", "evaluateSeconds")}
                rows.append({**common, **place, **rung["metrics"]})
        return rows

    def frame(self):
        """`rows` as a pandas DataFrame."""
        import pandas

        return pandas.DataFrame(self.rows())

    def curve(self, trial):
        """Learning curve of a trial: arrays `step`, `loss`, `stepsPerSecond`, by step; of repeated steps the newest."""
        parts = []
        for file in (self._trial(trial) / "curve").glob("*.jsonl"):
            lines = [_parse(line) for line in file.read_text(encoding="utf-8").splitlines()]
            # The first line says when the part was written.
            written = next((line["writtenAt"] for line in lines if "writtenAt" in line), "")
            parts.append((written, [line for line in lines if "step" in line]))
        points = {}
        for _, part in sorted(parts, key=lambda part: part[0]):
            points.update({point["step"]: point for point in part})
        ordered = [points[step] for step in sorted(points)]
        return {name: np.array([point[name] for point in ordered]) for name in ("step", "loss", "stepsPerSecond")}

    def checkpoints(self, trial):
        """Manifests of a trial's checkpoints by step."""
        found = self._trial(trial).glob("step-*/manifest.json")
        manifests = [_parse(file.read_text(encoding="utf-8")) for file in found]
        return {manifest["step"]: manifest for manifest in sorted(manifests, key=lambda manifest: manifest["step"])}

    def checkpoint(self, trial, step=None):
        """
        Files of a checkpoint by name, the newest one's unless `step` says which: safetensors, .npz and .npy as arrays, .json
        as values, anything else as bytes. Every file's SHA-256 is compared with the manifest's.
        """
        manifests = self.checkpoints(trial)
        if not manifests or (step is not None and step not in manifests):
            raise FileNotFoundError(f"trial {trial} of {self.name} has checkpoints of steps {list(manifests)}, not {step}")
        manifest = manifests[max(manifests) if step is None else step]
        folder = self._trial(trial) / f"step-{manifest['step']}" / manifest["attempt"]
        return {entry["name"]: self._read(folder / entry["name"], entry["sha256"]) for entry in manifest["files"]}

    def _trial(self, trial):
        return self.folder / "trials" / f"{trial:04d}"

    @staticmethod
    def _read(path, sha256):
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ValueError(f"{path} is damaged: its SHA-256 is not the manifest's")
        if path.suffix == ".safetensors":
            return load_file(path)
        if path.suffix == ".npz":
            with np.load(path) as arrays:
                return dict(arrays)
        if path.suffix == ".npy":
            return np.load(path)
        return _parse(content) if path.suffix == ".json" else content
