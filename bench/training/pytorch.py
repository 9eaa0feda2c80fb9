"""
The networks of bench/training/workloads.ts in PyTorch, on the same weights and batches: python3 pytorch.py WORKLOAD FOLDER STEPS.

FOLDER holds initial.safetensors and batch-0 ... 4.safetensors. Prints a line of JSON: the losses of the first five steps and the
milliseconds of processor time and wall clock that STEPS further ones take each. One thread, single precision.
"""

import json
import math
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))
from rgsweep.safetensors import load_file  # noqa: E402

name, folder, steps = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(1)


def tensors(file):
    return {key: torch.from_numpy(value.copy()) for key, value in load_file(folder / file).items()}


def dense(p, prefix, x):
    return x @ p[f"{prefix}.weight"] + p[f"{prefix}.bias"]


def phi4(p, batch):
    y, n, sites = batch["input"], batch["conditioning"], 36
    site = torch.arange(sites)
    row, column = site // 6, site % 6
    # K[c, x' - x''] as a matrix between the sites x' and x''.
    shift = ((row[:, None] - row[None]) % 6) * 6 + (column[:, None] - column[None]) % 6
    hidden = torch.tanh(dense(p, "condition", n))
    gain, amplitude = 1 + dense(p, "gain", hidden), 1 + dense(p, "amplitude", hidden)
    mixture = dense(p, "mixture", hidden)
    channels = p["input.kernel"].shape[0]
    into = p["input.kernel"][:, shift].permute(2, 0, 1).reshape(sites, -1)
    out = p["output.kernel"][:, shift].permute(0, 2, 1).reshape(-1, sites)
    z = (y @ into).reshape(-1, channels, sites)
    a = amplitude[:, :, None] * torch.tanh(gain[:, :, None] * z)
    linear = (y @ p["linear.kernel"][:, shift].permute(2, 0, 1).reshape(sites, -1)).reshape(len(y), -1, sites)
    return a.reshape(len(y), -1) @ out + (mixture[:, :, None] * linear).sum(1)


def convolution(p, prefix, x, pad="constant"):
    """x is [B, C, H, W]; filters come as [3, 3, C, C']."""
    weight = p[f"{prefix}.filter"].permute(3, 2, 0, 1)
    if pad == "constant":
        return F.conv2d(x, weight, p[f"{prefix}.bias"], padding=1)
    return F.conv2d(F.pad(x, (1, 1, 1, 1), mode=pad), weight, p[f"{prefix}.bias"])


def circular(p, batch):
    x = batch["input"].permute(0, 3, 1, 2)
    for layer in range(4):
        x = convolution(p, str(layer), x, "circular")
        if layer < 3:
            x = F.silu(x)
    return x.permute(0, 2, 3, 1)


WIDTHS = [32, 64, 64]


def norm(p, prefix, x):
    channels = x.shape[1]
    groups = min(32, max(1, channels // 4))
    while channels % groups:
        groups -= 1
    return F.group_norm(x, groups, p[f"{prefix}.gain"], p[f"{prefix}.bias"], 1e-5)


def everywhere(p, prefix, x):
    return torch.einsum("bchw,cd->bdhw", x, p[f"{prefix}.weight"]) + p[f"{prefix}.bias"][None, :, None, None]


def attention(p, prefix, x):
    count, channels, height, width = x.shape
    normalized = norm(p, f"{prefix}.norm", x)
    q, k, v = (everywhere(p, f"{prefix}.{part}", normalized).flatten(2) for part in ("query", "key", "value"))
    weights = torch.softmax(q.transpose(1, 2) @ k / math.sqrt(channels), -1)
    mixed = (weights @ v.transpose(1, 2)).transpose(1, 2).reshape(count, channels, height, width)
    return x + everywhere(p, f"{prefix}.output", mixed)


def block(p, prefix, x, embedding, attends):
    h = convolution(p, f"{prefix}.conv0", F.silu(norm(p, f"{prefix}.norm0", x)))
    h = F.silu(norm(p, f"{prefix}.norm1", h + dense(p, f"{prefix}.embedding", embedding)[:, :, None, None]))
    h = convolution(p, f"{prefix}.conv1", h)
    x = h + (everywhere(p, f"{prefix}.shortcut", x) if f"{prefix}.shortcut.weight" in p else x)
    return attention(p, f"{prefix}.attention", x) if attends else x


def unet(p, batch):
    embedding = F.silu(dense(p, "embedding.1", F.silu(dense(p, "embedding.0", batch["conditioning"]))))
    given = batch["input"].permute(0, 3, 1, 2)
    x = convolution(p, "first", given)
    kept, deepest = [x], len(WIDTHS) - 1
    for level in range(len(WIDTHS)):
        if level:
            x = F.avg_pool2d(x, 2)
            kept.append(x)
        x = block(p, f"down.{level}.0", x, embedding, level == deepest)
        kept.append(x)
    for n in (0, 1):
        x = block(p, f"middle.{n}", x, embedding, n == 0)
    for level in reversed(range(len(WIDTHS))):
        if level < deepest:
            x = F.interpolate(x, scale_factor=2, mode="nearest")
        for n in (0, 1):
            x = block(p, f"up.{level}.{n}", torch.cat([x, kept.pop()], 1), embedding, False)
    skip = dense(p, "skip", embedding)[:, :, None, None]
    past = (given[:, :6] * skip).reshape(len(x), 2, 3, *x.shape[2:]).sum(1)
    return (convolution(p, "last", F.silu(norm(p, "last.norm", x))) + past).permute(0, 2, 3, 1)


network = {"phi4": phi4, "circular": circular, "unet": unet}[name]
parameters = {key: value.requires_grad_() for key, value in tensors("initial.safetensors").items()}
average = [value.detach().clone() for value in parameters.values()]
batches = [tensors(f"batch-{n}.safetensors") for n in range(5)]
optimizer = torch.optim.Adam(parameters.values(), lr=2e-3)


def advance(step):
    batch = batches[step % len(batches)]
    optimizer.zero_grad(set_to_none=True)
    loss = (network(parameters, batch) - batch["target"]).square().mean()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(parameters.values(), 20)
    optimizer.step()
    decay = min(0.999, (step + 1) / (step + 10))
    with torch.no_grad():
        for mean, value in zip(average, parameters.values()):
            mean.lerp_(value, 1 - decay)
    return loss.item()


losses = [advance(step) for step in range(5)]
wall, processor = time.perf_counter(), time.process_time()
for step in range(5, 5 + steps):
    advance(step)
print(
    json.dumps(
        {
            "losses": losses,
            "processor": 1000 * (time.process_time() - processor) / steps,
            "wall": 1000 * (time.perf_counter() - wall) / steps,
            "version": torch.__version__,
        }
    )
)
