"""
A small score network in NumPy, and the likelihood of what it generates.

With v_i = alpha_i^2 Sigma_i + sigma_i^2, u_i = chi_i / sqrt(v_i), sin_i = sigma_i / sqrt(v_i), cos_i = alpha_i sqrt(Sigma_i / v_i):

    eps_i = sin_i u_i + cos_i sin_i (U^T f(U u, t))_i,     f(x)_s = sum_h C_h(t) tanh(B_h(t) sum_d w_hd x_(s+d)).

The first term is the exact score of Gaussian data; f is odd, commutes with translations of the periodic lattice, and learns
the rest. B and C are sums of bumps in the mean noise level.
"""

import numpy as np

BUMPS = 8


class Model:
    def __init__(self, schedule, channels):
        height, width, _ = schedule.shape
        self.schedule, self.channels = schedule, channels
        self.variance = schedule.data_variance
        row, column = np.divmod(np.arange(schedule.dimension), width)
        #: The d that leads from site s to site y, for all y and s; and site s moved by d.
        self.between = (row[:, None] - row) % height * width + (column[:, None] - column) % width
        self.moved = (row[:, None] + row) % height * width + (column[:, None] + column) % width
        self.basis = schedule.basis.astype(np.float32)

    def initial(self, random):
        """Weights of step 0. C begins at 0: the exact score of Gaussian data."""
        size = self.schedule.dimension
        w = random.normal(size=(self.channels, size)) * np.where(np.arange(size) == 0, 0.5, 0.5 / size**0.5)
        first = np.ones((self.channels, BUMPS))
        return {"w": w.astype(np.float32), "B": first.astype(np.float32), "C": 0 * first.astype(np.float32)}

    def fresh(self, random):
        """State of step 0: weights, their moving average, and the moments of Adam."""
        weights = self.initial(random)
        zeros = {name: np.zeros_like(values) for name, values in weights.items()}
        return {"weights": weights, "average": dict(weights), "first": zeros, "second": dict(zeros)}

    def levels(self, t):
        """alpha, sigma, sin, cos of shape [..., D] and the bumps [..., K] at times t."""
        alpha, sigma = self.schedule.alpha_sigma(t)
        norm = np.sqrt(alpha**2 * self.variance + sigma**2)
        sine, cosine = sigma / norm, alpha * np.sqrt(self.variance) / norm
        level = np.mean(sine**2, axis=-1, keepdims=True)
        bumps = np.exp(-0.5 * ((level - np.linspace(0, 1, BUMPS)) * (BUMPS - 1)) ** 2)
        return alpha, sigma, norm, sine, cosine, bumps

    def hidden(self, weights, u, bumps):
        """What the network makes on its way: fields, inputs and outputs of the tanh [rows, sites, channels], gains, weights."""
        size = self.schedule.dimension
        field = u @ self.basis.T
        kernel = weights["w"][:, self.between].transpose(1, 2, 0).reshape(size, -1)
        inner = (field @ kernel).reshape(-1, size, self.channels)
        gain, weight = bumps @ weights["B"].T, bumps @ weights["C"].T
        return field, inner, np.tanh(gain[:, None] * inner), gain, weight

    def loss(self, weights, chi, t, eps):
        """Mean over rows of sum_i w_i (eps_i - eps_hat_i)^2 with the weights of the likelihood, and its gradient."""
        _, _, _, sine, cosine, bumps = (part.astype(np.float32) for part in self.levels(t))
        clean = (chi / np.sqrt(self.variance)).astype(np.float32)
        rate = 0.5 * self.schedule.gamma_derivative(t).astype(np.float32) * cosine**2
        field, inner, outer, gain, weight = self.hidden(weights, cosine * clean + sine * eps, bumps)
        learned = (outer @ weight[..., None])[..., 0] @ self.basis
        error = cosine * eps - sine * (clean + learned)
        count = len(chi)
        by_field = (-2 / count * rate * error * sine) @ self.basis.T
        by_inner = by_field[..., None] * weight[:, None] * (1 - outer**2)
        size = self.schedule.dimension
        by_kernel = (field.T @ (by_inner * gain[:, None]).reshape(count, -1)).reshape(size, size, -1)
        return float(np.sum(rate * error**2) / count), {
            "C": (by_field[:, None] @ outer)[:, 0].T @ bumps,
            "B": np.sum(by_inner * inner, axis=1).T @ bumps,
            "w": by_kernel[self.moved, np.arange(size)[:, None]].sum(axis=0).T,
        }

    def velocity(self, weights, chi, t):
        """Probability flow d chi/dt at one time, and its exact divergence, for rows chi."""
        alpha, sigma, norm, sine, cosine, bumps = self.levels(t)
        _, _, outer, gain, weight = self.hidden(weights, chi / norm, bumps[None])
        learned = outer @ weight[0] @ self.basis
        eps = sine * chi / norm + cosine * sine * learned
        speed = 0.5 * self.schedule.gamma_derivative(t) * sigma
        # (U^T J U)_ii = sum over s, h of C B (1 - tanh^2) U_si (w_h applied to column i of U)_s.
        applied = np.einsum("hys,yi->hsi", weights["w"][:, self.between], self.basis)
        traced = np.einsum("si,hsi,i->sh", self.basis, applied, speed * cosine * sine / norm)
        slopes = (1 - outer**2) * (gain[0] * weight[0])
        divergence = np.sum(speed * (sine / norm - sigma)) + slopes.reshape(len(chi), -1) @ traced.ravel()
        return speed * (eps - sigma * chi), divergence

    def flow(self, weights, chi, start, end, intervals, alive):
        """Follows the probability flow (Runge-Kutta, order 4); returns the end and the integral of the divergence."""
        change = np.zeros(len(chi))
        h = (end - start) / intervals
        for n in range(intervals):
            t = start + n * h
            alive()
            k1, d1 = self.velocity(weights, chi, t)
            k2, d2 = self.velocity(weights, chi + 0.5 * h * k1, t + 0.5 * h)
            k3, d3 = self.velocity(weights, chi + 0.5 * h * k2, t + 0.5 * h)
            k4, d4 = self.velocity(weights, chi + h * k3, t + h)
            chi = chi + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
            change += h / 6 * (d1 + 2 * d2 + 2 * d3 + d4)
        return chi, change

    def constant(self):
        """log q's part that no sample changes: sum of log alpha_i(0) - log s_i."""
        alpha, _ = self.schedule.alpha_sigma(0.0)
        return np.sum(np.log(alpha) - np.log(self.schedule.scale))

    def log_likelihood(self, weights, chi, intervals, alive):
        """log q of data, chi = encode(phi), in data coordinates."""
        alpha, _ = self.schedule.alpha_sigma(0.0)
        noise, change = self.flow(weights, alpha * chi, 0.0, 1.0, intervals, alive)
        return log_normal(noise) + change + self.constant()

    def sample(self, weights, noise, intervals, alive):
        """Fields of noise [N, D], and their log q."""
        alpha, _ = self.schedule.alpha_sigma(0.0)
        chi, change = self.flow(weights, noise, 1.0, 0.0, intervals, alive)
        return self.schedule.decode(chi / alpha), log_normal(noise) - change + self.constant()


def log_normal(values):
    return -0.5 * np.sum(values**2 + np.log(2 * np.pi), axis=-1)
