"""
A GUD-style trainer in JAX: the schedule's noise colour and component-wise gamma_i(t) are data, the gradients are JAX's.

The network is that of ../numpy-trainer/model.py, which also measures the likelihood of what is learned here.
"""

import sys
from pathlib import Path

here = Path(__file__).resolve().parent
sys.path[:0] = [str(here.parents[1] / "python"), str(here.parent / "numpy-trainer")]

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from model import Model  # noqa: E402
from rgsweep import trainer  # noqa: E402
from measure import evaluate, read_state, write_state  # noqa: E402


def make_update(model, rate, decay_steps):
    """One compiled step: loss, gradient by JAX, Adam with a cosine rate, and the moving average of the weights."""
    size = model.schedule.dimension
    basis, between, spread = model.basis, model.between, np.sqrt(model.variance).astype(np.float32)

    def network(weights, u, bumps):
        kernel = weights["w"][:, between].transpose(1, 2, 0).reshape(size, -1)
        inner = (u @ basis.T @ kernel).reshape(len(u), size, -1)
        outer = jnp.tanh((bumps @ weights["B"].T)[:, None] * inner)
        return jnp.einsum("bsh,bh->bs", outer, bumps @ weights["C"].T) @ basis

    def loss(weights, chi, eps, sine, cosine, bumps, weight):
        clean = chi / spread
        learned = network(weights, cosine * clean + sine * eps, bumps)
        error = cosine * (cosine * eps - sine * (clean + learned))
        return jnp.sum(weight * error**2) / len(chi)

    @jax.jit
    def update(state, step, *batch):
        value, gradient = jax.value_and_grad(loss)(state["weights"], *batch)
        norm = jnp.sqrt(sum(jnp.sum(slope**2) for slope in gradient.values()))
        gradient = jax.tree.map(lambda slope: slope * jnp.minimum(1, 20 / norm), gradient)
        first = jax.tree.map(lambda old, slope: 0.9 * old + 0.1 * slope, state["first"], gradient)
        second = jax.tree.map(lambda old, slope: 0.999 * old + 0.001 * slope**2, state["second"], gradient)
        turn = jnp.minimum(step / decay_steps, 1.0)
        size_now = rate * (0.02 + 0.98 * 0.5 * (1 + jnp.cos(jnp.pi * turn)))
        scale = size_now * jnp.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        weights = jax.tree.map(lambda w, m, v: w - scale * m / (jnp.sqrt(v) + 1e-8), state["weights"], first, second)
        decay = jnp.minimum(0.999, step / (step + 9))
        average = jax.tree.map(lambda old, new: decay * old + (1 - decay) * new, state["average"], weights)
        return {"weights": weights, "average": average, "first": first, "second": second}, value

    return update


def train(run):
    model = Model(run.schedule, int(run.parameters.get("channels", 32)))
    state = read_state(run.resume_from) if run.resume_from else model.fresh(run.random(0))
    update = make_update(
        model, float(run.parameters.get("learningRate", 4e-3)), float(run.parameters.get("decaySteps", 4000))
    )
    data = run.schedule.encode(run.data("train")).astype(np.float32)
    batch = int(run.parameters.get("batchSize", 512))
    for step in run.steps(lambda folder: write_state(jax.device_get(state), folder)):
        random = run.random(step)
        chi = data[random.integers(len(data), size=batch)]
        t = (np.arange(batch) + random.random(batch)) / batch
        eps = random.standard_normal(chi.shape, dtype=np.float32)
        _, _, _, sine, cosine, bumps = model.levels(t)
        weight = 0.5 * run.schedule.gamma_derivative(t)
        inputs = (part.astype(np.float32) for part in (chi, eps, sine, cosine, bumps, weight))
        state, loss = update(state, np.float32(step), *inputs)
        run.loss = float(loss) if np.isnan(run.loss) else run.loss + 0.02 * (float(loss) - run.loss)


if __name__ == "__main__":
    trainer.main(train, evaluate, backend=f"jax {jax.__version__} {jax.default_backend()}")
