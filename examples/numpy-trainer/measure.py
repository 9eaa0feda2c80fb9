"""Checkpoints of the example trainers, and the figures that a trained network is judged by."""

import numpy as np
from model import Model
from rgsweep import load_file, save_file


def write_state(state, folder):
    flat = {f"{group}.{name}": values for group, part in state.items() for name, values in part.items()}
    save_file(flat, folder / "state.safetensors")


def read_state(folder):
    state = {"weights": {}, "average": {}, "first": {}, "second": {}}
    for name, values in load_file(folder / "state.safetensors").items():
        group, key = name.split(".")
        state[group][key] = values
    return state


def action(fields, task):
    """S = sum of m^2 phi^2 + g phi^4 + sum over directions of (phi(x + mu) - phi(x))^2."""
    size = task["size"]
    grid = fields.reshape(-1, size, size)
    steps = sum((np.roll(grid, -1, axis) - grid) ** 2 for axis in (1, 2))
    return np.sum(task["mass2"] * grid**2 + task["coupling"] * grid**4 + steps, axis=(1, 2))


def evaluate(run):
    """Negative log-likelihood of data in nats, and the effective sample size of the model's own samples."""
    state = read_state(run.resume_from)
    weights = state["average"]
    model = Model(run.schedule, len(weights["w"]))
    count = run.samples // 2
    data = run.schedule.encode(run.data(run.split)[:count])
    nll = -model.log_likelihood(weights, data, 16, run.alive)
    fields, log_q = model.sample(weights, run.random(0, 1).normal(size=(count, model.schedule.dimension)), 16, run.alive)
    log_w = -action(fields, run.task["task"]["data"]) - log_q
    w = np.exp(log_w - log_w.max())
    save_file({"samples": fields.astype(np.float32)}, run.output_folder / "samples.safetensors")
    metrics = {
        "nll": nll.mean(),
        "nllError": nll.std() / len(nll) ** 0.5,
        "ess": w.sum() ** 2 / (len(w) * np.sum(w**2)),
    }
    return metrics, ["samples.safetensors"]
