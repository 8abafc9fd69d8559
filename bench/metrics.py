"""The peer of metrics.bench.mjs: SciPy's Fréchet distance, and SqueezeNet 1.1 and LPIPS on it in PyTorch, on the CPU.

Each line on standard input is answered by milliseconds: "frechet N D", "embed SIZE", "lpips SIZE". Weights are random,
which speed does not depend on.
"""
import sys
import time

import numpy
import torch
from scipy import linalg
from torch import nn

torch.set_num_threads(2)


class Fire(nn.Module):
    def __init__(self, entering, squeezed, expanded):
        super().__init__()
        self.squeeze = nn.Conv2d(entering, squeezed, 1)
        self.one, self.three = nn.Conv2d(squeezed, expanded, 1), nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x):
        x = self.squeeze(x).relu()
        return torch.cat([self.one(x).relu(), self.three(x).relu()], 1)


def pool():
    return nn.MaxPool2d(3, 2, ceil_mode=True)


# The seven slices that LPIPS taps.
slices = nn.ModuleList([
    nn.Sequential(nn.Conv2d(3, 64, 3, 2), nn.ReLU()),
    nn.Sequential(pool(), Fire(64, 16, 64), Fire(128, 16, 64)),
    nn.Sequential(pool(), Fire(128, 32, 128), Fire(256, 32, 128)),
    nn.Sequential(pool(), Fire(256, 48, 192)),
    Fire(384, 48, 192),
    Fire(384, 64, 256),
    Fire(512, 64, 256),
])
head = nn.Sequential(nn.Conv2d(512, 1000, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
linear = [torch.rand(1, channels, 1, 1) for channels in (64, 128, 256, 384, 384, 512, 512)]


def taps(x):
    found = []
    for part in slices:
        x = part(x)
        found.append(x)
    return found


def embed(x):
    features = taps(x)[-1]
    return features.mean((2, 3)), head(features)


def lpips(a, b):
    total = 0
    for x, y, w in zip(taps(a), taps(b), linear):
        x, y = (f / (f.square().sum(1, keepdim=True).sqrt() + 1e-10) for f in (x, y))
        total = total + (w * (x - y).square()).sum(1).mean()
    return total


def frechet(a, b):
    s1, s2 = numpy.cov(a, rowvar=False), numpy.cov(b, rowvar=False)
    root = linalg.sqrtm(s1 @ s2).real
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + numpy.trace(s1 + s2 - 2 * root)


for line in sys.stdin:
    what, *numbers = line.split()
    numbers = [int(number) for number in numbers]
    if what == 'frechet':
        random = numpy.random.default_rng(0)
        a, b = random.normal(size=numbers), random.normal(size=numbers) + 0.1
        work = lambda: frechet(a, b)
    else:
        x, y = torch.rand(2, 1, 3, numbers[0], numbers[0])
        work = (lambda: embed(x)) if what == 'embed' else (lambda: lpips(x, y))
    with torch.no_grad():
        if what != 'frechet':
            work()
        started = time.perf_counter()
        work()
    print((time.perf_counter() - started) * 1000, flush=True)
