"""The network that gradient.bench.mjs wrote to a folder, in PyTorch: plan.json (nodes in order), weights.bin (float32)."""
import json

import numpy
import torch
from torch.nn import functional


def load(folder, trainable=False):
    """The function of that network on a tensor [n,3,h,w]; whether its weights want gradients, as those of a module do."""
    plan = json.load(open(f'{folder}/plan.json'))
    raw = numpy.fromfile(f'{folder}/weights.bin', numpy.float32)
    weights = {
        name: torch.from_numpy(raw[start:start + int(numpy.prod(dims))].reshape(dims)).requires_grad_(trainable)
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

    return network
