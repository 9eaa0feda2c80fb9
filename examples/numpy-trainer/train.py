"""A trainer of rgsweep in NumPy: a small score network on phi^4 theory. `rgsweep trainer check -- python3 train.py`"""

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))

from measure import evaluate, read_state, write_state  # noqa: E402
from model import Model  # noqa: E402
from rgsweep import trainer  # noqa: E402


def train(run):
    model = Model(run.schedule, int(run.parameters.get("channels", 16)))
    state = read_state(run.resume_from) if run.resume_from else model.fresh(run.random(0))
    data = run.schedule.encode(run.data("train"))
    batch = int(run.parameters.get("batchSize", 256))
    rate = float(run.parameters.get("learningRate", 5e-3))
    for step in run.steps(lambda folder: write_state(state, folder)):
        random = run.random(step)
        chi = data[random.integers(len(data), size=batch)]
        t = (np.arange(batch) + random.random(batch)) / batch
        eps = random.normal(size=chi.shape).astype(np.float32)
        loss, gradient = model.loss(state["weights"], chi, t, eps)
        run.loss = loss if np.isnan(run.loss) else run.loss + 0.05 * (loss - run.loss)
        adam(state, gradient, step, rate)


def adam(state, gradient, step, rate):
    """One step of Adam, and of the moving average of the weights that is measured."""
    norm = np.sqrt(sum(np.sum(values**2) for values in gradient.values()))
    decay = min(0.999, step / (step + 9))
    for name, slope in gradient.items():
        slope = slope * min(1.0, 20 / norm)
        first = state["first"][name] = 0.9 * state["first"][name] + 0.1 * slope
        second = state["second"][name] = 0.999 * state["second"][name] + 0.001 * slope**2
        change = first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
        weights = state["weights"][name] = (state["weights"][name] - rate * change).astype(np.float32)
        state["average"][name] = (decay * state["average"][name] + (1 - decay) * weights).astype(np.float32)


if __name__ == "__main__":
    trainer.main(train, evaluate)
