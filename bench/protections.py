"""The loop of textural Mist in PyTorch on the CPU: python protections.py FOLDER SIDE STEPS; prints seconds and peak memory.

FOLDER holds the network as gradient.bench.mjs writes it, so that both sides compute the same thing from the same weights.
"""
import json
import resource
import sys
import time

import torch

from network import load

torch.set_num_threads(2)
folder, side, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
encode = load(folder)

torch.manual_seed(0)
clean = torch.rand(1, 3, side, side)
with torch.no_grad():
    target = encode(torch.rand(1, 3, side, side))
x = (clean + (torch.randint(17, clean.shape) - 8) / 255).clamp(0, 1)
started = time.perf_counter()
for _ in range(steps):
    x.requires_grad_(True)
    loss = (encode(x) - target).pow(2).sum()
    (gradient,) = torch.autograd.grad(loss, x)
    with torch.no_grad():
        x = x - gradient.sign() / 255
        x = torch.min(torch.max(x, clean - 8 / 255), clean + 8 / 255).clamp(0, 1)
seconds = time.perf_counter() - started
print(json.dumps({"seconds": seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
