"""Writes model.onnx and golden.json: a small network as PyTorch exports it, and the loss and gradients of LoRA pairs
beside its layers as PyTorch computes them in float64. Run with Python 3 and PyTorch; the files here are from 1.13."""
import json, os, torch
from torch import nn

torch.manual_seed(0)
here = os.path.dirname(os.path.abspath(__file__))
SCALE, RANK = 0.75, 2


class Attention(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.to_q = nn.Linear(d, d, bias=False)
        self.to_k = nn.Linear(3, d, bias=False)
        self.to_v = nn.Linear(3, d, bias=False)
        self.to_out = nn.ModuleList([nn.Linear(d, d), nn.Identity()])

    def forward(self, x, text):
        weights = (self.to_q(x) @ self.to_k(text).transpose(1, 2) * 0.4).softmax(-1)
        return self.to_out[0](weights @ self.to_v(text))


class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.attn1 = Attention(d)

    def forward(self, x, text):
        return x + self.attn1(x, text)


class Net(nn.Module):
    def __init__(self, d=6):
        super().__init__()
        self.conv_in = nn.Conv2d(3, d, 3, stride=2, padding=1)
        self.time_proj = nn.Linear(4, d)  # two-dimensional input: a Gemm
        self.blocks = nn.ModuleList([Block(d)])
        self.conv_out = nn.Conv2d(d, 3, 1)

    def forward(self, image, time, text):
        x = torch.nn.functional.silu(self.conv_in(image) + self.time_proj(time)[:, :, None, None])
        n, d, h, w = x.shape
        x = self.blocks[0](x.flatten(2).transpose(1, 2), text).transpose(1, 2).reshape(n, d, h, w)
        return self.conv_out(x)


net = Net()
shapes = {"image": (2, 3, 8, 6), "time": (2, 4), "text": (2, 5, 3)}
inputs = {name: torch.randn(shape) for name, shape in shapes.items()}
torch.onnx.export(net, tuple(inputs.values()), os.path.join(here, "model.onnx"), opset_version=14,
                  input_names=list(inputs), output_names=["out"], do_constant_folding=True,
                  dynamic_axes={name: {0: "n"} for name in [*inputs, "out"]})

net.double()
pairs, gradients = {}, {}
for name, layer in net.named_modules():
    if not isinstance(layer, (nn.Linear, nn.Conv2d)):
        continue
    weight = layer.weight
    window = tuple(weight.shape[2:])
    a = torch.randn(RANK, weight.shape[1], *window, dtype=torch.float64).float().double().requires_grad_()
    b = torch.randn(weight.shape[0], RANK, *(1 for _ in window), dtype=torch.float64).float().double().requires_grad_()
    pairs[f"{name}.lora_A.weight"], pairs[f"{name}.lora_B.weight"] = a, b

    def adapted(layer, args, output, a=a, b=b):
        (x,) = args
        if isinstance(layer, nn.Linear):
            return output + SCALE * (x @ a.T @ b.T)
        low = torch.nn.functional.conv2d(x, a, stride=layer.stride, padding=layer.padding)
        return output + SCALE * torch.nn.functional.conv2d(low, b)

    layer.register_forward_hook(adapted)

loss = net(*(each.double() for each in inputs.values())).pow(2).mean()
loss.backward()
plain = lambda tensor: {"dims": list(tensor.shape), "data": tensor.detach().flatten().tolist()}
golden = {
    "scale": SCALE,
    "rank": RANK,
    "inputs": {name: plain(each) for name, each in inputs.items()},
    "pairs": {name: plain(each) for name, each in pairs.items()},
    "loss": loss.item(),
    "gradients": {name: plain(each.grad) for name, each in pairs.items()},
}
with open(os.path.join(here, "golden.json"), "w") as file:
    json.dump(golden, file)
