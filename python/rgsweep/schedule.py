"""
The noise schedule of a trial: gamma_i(t) by the closed forms of docs/science.md.

In components chi = (U^T (phi - mu)) / s the process is chi_i(t) = alpha_i chi_i(0) + sigma_i eps_i with
alpha_i^2 = sigmoid(-gamma_i), sigma_i^2 = sigmoid(gamma_i), t from 0 (data) to 1 (noise). gamma is minus the log-SNR.
"""

import json
import math

import numpy as np

from .safetensors import load_file

LARGEST_GAMMA = 30.0
_erfc = np.vectorize(math.erfc, otypes=[float])


def _sigmoid(x):
    return 0.5 * (1 + np.tanh(0.5 * np.asarray(x)))


def _trajectory(parameters):
    """p(t), from 0 to 1, and dp/dt."""
    name = parameters["trajectory"]
    if name == "exponential" and abs(parameters["trajectoryRate"]) >= 1e-9:
        rate = parameters["trajectoryRate"]
        norm = -math.expm1(-rate)
        return lambda t: -np.expm1(-rate * t) / norm, lambda t: rate * np.exp(-rate * t) / norm
    if name == "cosine":
        return lambda t: np.sin(np.pi / 2 * t) ** 2, lambda t: np.pi / 2 * np.sin(np.pi * t)
    if name == "power":
        power = parameters["trajectoryPower"]
        return lambda t: t**power, lambda t: power * np.maximum(1e-12, t) ** (power - 1)
    if name == "spline":
        return _spline([parameters[f"trajectoryKnot{j}"] for j in (1, 2, 3, 4)])
    return lambda t: t, lambda t: np.ones_like(t)


def _spline(logits):
    """Monotone cubic through the cumulative softmax of the logits (Fritsch and Butland's slopes)."""
    weights = np.exp(np.array(logits) - max(logits))
    n = len(weights)
    rises = weights / weights.sum()
    secants = n * rises

    def end(near, following):
        return min(3 * near, max(0.0, 1.5 * near - 0.5 * following))

    inner = 2 * secants[:-1] * secants[1:] / (secants[:-1] + secants[1:])
    slopes = np.array([end(secants[0], secants[1]), *inner, end(secants[-1], secants[-2])]) / n
    heights = np.concatenate([[0], np.cumsum(rises)])
    heights[-1] = 1

    def place(t):
        j = np.minimum(n - 1, np.floor(t * n).astype(int))
        return j, t * n - j, slopes[j], slopes[j + 1], heights[j + 1] - heights[j]

    def value(t):
        j, u, m0, m1, rise = place(t)
        return heights[j] + u * (m0 + u * (3 * rise - 2 * m0 - m1 + u * (m0 + m1 - 2 * rise)))

    def derivative(t):
        _, u, m0, m1, rise = place(t)
        return n * (m0 + u * (2 * (3 * rise - 2 * m0 - m1) + 3 * u * (m0 + m1 - 2 * rise)))

    return value, derivative


def _logit_erf(u):
    return np.log(_erfc(-u)) - np.log(_erfc(u))


def _logit_erf_inverse(gamma):
    low, high = -6.0, 6.0
    for _ in range(80):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _logit_erf(middle) < gamma else (low, middle)
    return 0.5 * (low + high)


class Schedule:
    """gamma_i(t) of D components, with the noise colour, the basis and the labels."""

    def __init__(self, tensors, metadata):
        self.parameters = json.loads(metadata["parameters"])
        self.basis_name = metadata["basis"]
        self.family = metadata["family"]
        #: (height, width, channels) of a field.
        self.shape = tuple(int(size) for size in metadata["shape"].split(","))
        #: The grid of the file, and gamma on it.
        self.times, self.table = tensors["times"], tensors["gamma"]
        #: s_i, the noise colour; Var(c_i)/s_i^2; the mean of the data; l_i, the order of the components.
        self.scale, self.data_variance = tensors["scale"], tensors["data_variance"]
        self.mean, self.places = tensors["mean"], tensors["places"]
        #: U, rows are sites, columns components; None where D is above 1024.
        self.basis = tensors.get("basis")
        self.labels = {
            name: tensors[name] for name in ("momentum", "level", "row", "column", "channel", "shell")
        }
        self.dimension = len(self.scale)
        self._value, self._derivative = self._paths()

    @classmethod
    def load(cls, path):
        """Reads the `scheduleFile` of a task, or what `rgsweep schedule --file` wrote."""
        return cls(*load_file(path, with_metadata=True))

    def gamma(self, t):
        """gamma_i(t), shape [..., D] for times of shape [...]; times outside [0, 1] count as the ends."""
        return self._value(self._column(t))

    def gamma_derivative(self, t):
        """d gamma_i/dt, of the same shape."""
        return self._derivative(self._column(t))

    def alpha_sigma(self, t):
        """Signal and noise, (alpha_i(t), sigma_i(t))."""
        gamma = self.gamma(t)
        return np.sqrt(_sigmoid(-gamma)), np.sqrt(_sigmoid(gamma))

    def encode(self, fields):
        """chi = U^T (phi - mu) / s of fields [N, D]."""
        return (np.asarray(fields, dtype=float) - self.mean) @ self.basis / self.scale

    def decode(self, components):
        """The inverse of `encode`."""
        return (np.asarray(components) * self.scale) @ self.basis.T + self.mean

    def _column(self, t):
        return np.clip(np.asarray(t, dtype=float), 0.0, 1.0)[..., None]

    def _spread(self, path):
        """One scalar schedule, for all components."""
        return lambda t: np.broadcast_to(path(t), (*t.shape[:-1], self.dimension)).copy()

    def _paths(self):
        p = self.parameters
        value, derivative = _trajectory(p)
        if p["kernel"] == "dissipation" or p["kernel"] == "blurring":
            return self._blurred(value, derivative)
        if p["trajectory"] in ("vp-linear-beta", "vp-cosine"):
            return self._scalar()
        low, high = p["gammaLow"], p["gammaHigh"]
        if p["kernel"] == "uniform":
            return (
                self._spread(lambda t: low + (high - low) * value(t)),
                self._spread(lambda t: (high - low) * derivative(t)),
            )
        if p["kernel"] == "heat":
            return self._heat(value, derivative)
        if p["kernel"] == "erf":
            slope = lambda u: 2 / math.sqrt(math.pi) * np.exp(-u * u) * (1 / _erfc(-u) + 1 / _erfc(u))
            return self._moving(value, derivative, _logit_erf, slope, _logit_erf_inverse)
        if p["kernel"] == "hard-step":
            rise = high - low
            ramp = lambda u: low + rise * np.clip(u, 0, 1)
            slope = lambda u: np.where((u >= 0) & (u <= 1), rise, 0.0)
            inverse = lambda g: -math.inf if g < low else math.inf if g > high else (g - low) / rise
            return self._moving(value, derivative, ramp, slope, inverse)
        return self._moving(value, derivative, lambda u: u, np.ones_like, lambda g: g)

    def _moving(self, value, derivative, profile, slope, inverse):
        p = self.parameters
        width = p["cutoffWidth"]
        lowest, highest = self.places.min(), self.places.max()
        start = inverse(p["gammaLow"])
        travel = (highest - lowest) / width + inverse(p["gammaHigh"]) - start
        offsets = (self.places - highest) / width + start
        bottom, top = inverse(-LARGEST_GAMMA), inverse(LARGEST_GAMMA)
        # Outside these bounds the value is cut; the profile itself is asked for finite arguments only.
        inner = max(bottom, -1e9), min(top, 1e9)

        def gamma(t):
            u = offsets + travel * value(t)
            inside = profile(np.clip(u, *inner))
            return np.where(u >= top, LARGEST_GAMMA, np.where(u <= bottom, -LARGEST_GAMMA, inside))

        def gamma_derivative(t):
            u = offsets + travel * value(t)
            inside = travel * derivative(t) * slope(np.clip(u, *inner))
            return np.where((u > top) | (u < bottom), 0.0, inside)

        return gamma, gamma_derivative

    def _heat(self, value, derivative):
        p = self.parameters
        by_variance = p["ordering"] == "log-variance"
        exponents = np.exp(self.places) if by_variance else self.places**2 + p["heatMass2"]
        first = math.sqrt(exponents.max() / np.logaddexp(0, p["gammaLow"]))
        last = math.sqrt(exponents.min() / np.logaddexp(0, p["gammaHigh"]))

        def ratio(t):
            cutoff = first * (1 - value(t)) + last * value(t)
            return exponents / cutoff**2, cutoff

        def gamma(t):
            y, _ = ratio(t)
            small = np.log(np.expm1(np.minimum(y, 1)))
            return np.clip(np.where(y > 1, y + np.log1p(-np.exp(-np.maximum(y, 1))), small), -LARGEST_GAMMA, LARGEST_GAMMA)

        def gamma_derivative(t):
            y, cutoff = ratio(t)
            speed = 2 * (first - last) * derivative(t) / cutoff
            return np.where((y > LARGEST_GAMMA) | (y < 9.4e-14), 0.0, speed * y / -np.expm1(-y))

        return gamma, gamma_derivative

    def _scalar(self):
        p = self.parameters
        low, high = p["gammaLow"], p["gammaHigh"]
        if p["trajectory"] == "vp-linear-beta":
            integral = lambda t: t * p["betaMin"] + 0.5 * t * t * (p["betaMax"] - p["betaMin"])
            value = lambda t: integral(t) + np.log(-np.expm1(-integral(t)))
            slope = lambda t: (p["betaMin"] + t * (p["betaMax"] - p["betaMin"])) / -np.expm1(-integral(t))
        else:
            offset = p["cosineOffset"]
            angle = lambda t: (t + offset) / (1 + offset) * np.pi / 2
            value = lambda t: 2 * np.log(np.tan(angle(t)))
            slope = lambda t: 2 * np.pi / (1 + offset) / np.sin(2 * angle(t))

        def gamma(t):
            with np.errstate(all="ignore"):
                free = value(t)
            # The tangent is negative just past its pole: that end is the highest gamma.
            return np.where(free < high, np.maximum(low, free), high)

        def gamma_derivative(t):
            with np.errstate(all="ignore"):
                free, steep = value(t), slope(t)
            return np.where((free > low) & (free < high), steep, 0.0)

        return self._spread(gamma), self._spread(gamma_derivative)

    def _blurred(self, value, derivative):
        p = self.parameters
        low, width = p["gammaLow"], p["blurWidth"]
        exponents = self.labels["momentum"] ** 2 + p["heatMass2"]
        if p["kernel"] == "dissipation":

            def gamma(t):
                return np.minimum(LARGEST_GAMMA, low + exponents * (width * value(t)) ** 2)

            def gamma_derivative(t):
                speed = 2 * width**2 * value(t) * derivative(t)
                return np.where(low + exponents * (width * value(t)) ** 2 > LARGEST_GAMMA, 0.0, exponents * speed)

            return gamma, gamma_derivative
        floor = p["blurFloor"]
        first = math.atan(math.exp(low / 2))
        sweep = math.atan(math.exp(p["gammaHigh"] / 2)) - first

        def parts(t):
            half = np.pi / 2 * value(t)
            blurred = (1 - floor) * np.exp(-exponents * 0.5 * (width * np.sin(half) ** 2) ** 2)
            free = 2 * np.log(np.tan(first + sweep * value(t))) - 2 * np.log(blurred + floor)
            return half, blurred, free

        def gamma(t):
            return np.minimum(LARGEST_GAMMA, parts(t)[2])

        def gamma_derivative(t):
            half, blurred, free = parts(t)
            turning = 4 * sweep / np.sin(2 * (first + sweep * value(t)))
            time = np.pi * width**2 * np.sin(half) ** 3 * np.cos(half)
            slope = derivative(t) * (turning + 2 * exponents * blurred * time / (blurred + floor))
            return np.where(free > LARGEST_GAMMA, 0.0, slope)

        return gamma, gamma_derivative
