"""The peer of gradient.bench.mjs: the same network, from the same weights, in PyTorch on the CPU.

Usage: gradient.py FOLDER [peak SIZE]. FOLDER holds plan.json (nodes in order) and weights.bin (float32). Without
`peak`, each line "MODE SIZE BATCH" on standard input (mode: forward, float32, bfloat16) is answered by milliseconds.
"""
import json
import resource
import sys
import time

import numpy
import torch
from torch.nn import functional

torch.set_num_threads(2)
folder = sys.argv[1]
plan = json.load(open(f'{folder}/plan.json'))
raw = numpy.fromfile(f'{folder}/weights.bin', numpy.float32)
weights = {
    name: torch.from_numpy(raw[start:start + int(numpy.prod(dims))].reshape(dims))
    for name, (start, dims) in plan['weights'].items()
}


def network(x):
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


def run(mode, size, batch):
    x = torch.linspace(0, 1, batch * 3 * size * size).reshape(batch, 3, size, size)
    start = time.perf_counter()
    if mode == 'forward':
        with torch.no_grad():
            network(x)
    else:
        x.requires_grad_(True)
        with torch.autocast('cpu', torch.bfloat16, enabled=mode == 'bfloat16'):
            y = network(x)
        y.backward(torch.ones_like(y))
    return 1000 * (time.perf_counter() - start)


if sys.argv[2:3] == ['peak']:
    run('float32', int(sys.argv[3]), 1)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
else:
    print(torch.__version__, flush=True)
    for line in sys.stdin:
        mode, size, batch = line.split()
        print(run(mode, int(size), int(batch)), flush=True)
