"""TAESD, the teacher: madebyollin's tiny autoencoder for Stable Diffusion 1 (MIT), read from its ONNX files.

Both halves are chains of 3x3 convolutions in which every residual block is conv-relu-conv-relu-conv plus its input,
then relu. Latents are as the U-Net takes them (already scaled by 0.18215); pixels are 0..1.
"""

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn
from torch.nn import functional as F


class Teacher(nn.Module):
    """Runs the nodes of an ONNX graph made of Conv, Relu, Add, Tanh, Mul, Div and 2x nearest Resize."""

    def __init__(self, path):
        super().__init__()
        graph = onnx.load(path).graph
        held = {i.name: torch.from_numpy(numpy_helper.to_array(i).copy()) for i in graph.initializer}
        self.constants = {
            node.output[0]: float(numpy_helper.to_array(node.attribute[0].t).reshape(-1)[0])
            for node in graph.node
            if node.op_type == "Constant" and numpy_helper.to_array(node.attribute[0].t).size == 1
        }
        self.nodes = [node for node in graph.node if node.op_type != "Constant"]
        self.source, self.result = graph.input[0].name, graph.output[0].name
        self.names = {name: name.replace(".", "_") for name in held}
        for name, value in held.items():
            self.register_buffer(self.names[name], value)
        self.requires_grad_(False)

    def forward(self, x):
        values = {self.source: x}

        def get(name):
            if name in values:
                return values[name]
            if name in self.names:
                return getattr(self, self.names[name])
            return self.constants[name]

        for node in self.nodes:
            kind, names = node.op_type, node.input
            if kind == "Conv":
                stride = next((a.ints[0] for a in node.attribute if a.name == "strides"), 1)
                bias = get(names[2]) if len(names) > 2 else None
                out = F.conv2d(get(names[0]), get(names[1]), bias, stride, padding=1)
            elif kind == "Relu":
                out = get(names[0]).relu()
            elif kind == "Add":
                out = get(names[0]) + get(names[1])
            elif kind == "Mul":
                out = get(names[0]) * get(names[1])
            elif kind == "Div":
                out = get(names[0]) / get(names[1])
            elif kind == "Tanh":
                out = get(names[0]).tanh()
            elif kind == "Resize":
                out = F.interpolate(get(names[0]), scale_factor=2)
            else:
                raise ValueError(f"no {kind} in TAESD")
            values[node.output[0]] = out
        return values[self.result]


def teacher(path):
    """A half of TAESD, ready to run and not to be trained."""
    return Teacher(path).eval().to(memory_format=torch.channels_last)


def pixels_of(pictures):
    """uint8 [n,h,w,3] to float32 [n,3,h,w] of 0..1, channels last in memory."""
    return torch.from_numpy(np.array(pictures)).permute(0, 3, 1, 2).float().div_(255)
