"""The peer of gradient.bench.mjs: the same network, from the same weights, in PyTorch on the CPU.

Usage: gradient.py FOLDER [peak SIZE]. FOLDER holds plan.json (nodes in order) and weights.bin (float32). Without
`peak`, each line "MODE SIZE BATCH" on standard input (mode: forward, float32, bfloat16) is answered by milliseconds.
"""
import resource
import sys
import time

import torch

from network import load

torch.set_num_threads(2)
network = load(sys.argv[1])


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
