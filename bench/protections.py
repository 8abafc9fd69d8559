"""The loop of textural Mist in PyTorch on the CPU: python protections.py FOLDER SIDE STEPS; prints seconds and peak memory.

FOLDER holds the network as gradient.bench.mjs writes it, so that both sides compute the same thing from the same weights.
"""
import json
import resource
import sys
import time

import numpy
import torch
from torch.nn import functional

torch.set_num_threads(2)
folder, side, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
plan = json.load(open(f'{folder}/plan.json'))
raw = numpy.fromfile(f'{folder}/weights.bin', numpy.float32)
weights = {
    name: torch.from_numpy(raw[start:start + int(numpy.prod(dims))].reshape(dims))
    for name, (start, dims) in plan['weights'].items()
}


def encode(x):
    values = {plan['input']: x, **weights}
    for node in plan['nodes']:
        given = [values[name] for name in node['inputs']]
        if node['op'] == 'Conv':
            y = functional.conv2d(*given, stride=node['stride'], padding=node['pad'])
        elif node['op'] == 'Relu':
            y = functional.relu(given[0])
        else:
            y = given[0] + given[1]
        values[node['output']] = y
    return values[plan['output']]


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
