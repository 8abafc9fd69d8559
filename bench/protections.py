"""The loop of textural Mist in PyTorch on the CPU: python protections.py FOLDER SIDE STEPS WEIGHTS; prints seconds and
peak memory. WEIGHTS: frozen, which is all that the loop needs, or trainable, as a module is that was loaded and never
frozen: its backward pass computes their gradients, too, and nobody looks at them.

FOLDER holds the network as gradient.bench.mjs writes it, so that both sides compute the same thing from the same weights.
"""
import json
import resource
import sys
import time

import torch

from network import load

torch.set_num_threads(2)
folder, side, steps, weights = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
encode = load(folder, trainable=weights == "trainable")

torch.manual_seed(0)
clean = torch.rand(1, 3, side, side)
with torch.no_grad():
    target = encode(torch.rand(1, 3, side, side))
x = (clean + (torch.randint(17, clean.shape) - 8) / 255).clamp(0, 1)
started = time.perf_counter()
for _ in range(steps):
    x.requires_grad_(True)
    loss = (encode(x) - target).pow(2).sum()
    loss.backward()
    with torch.no_grad():
        x = x - x.grad.sign() / 255
        x = torch.min(torch.max(x, clean - 8 / 255), clean + 8 / 255).clamp(0, 1)
seconds = time.perf_counter() - started
print(json.dumps({"seconds": seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
