"""The peer of mimicry.bench.mjs: the U-Net of training/unet_model.py in PyTorch on the CPU, weights as they begin.

Usage: mimicry.py. Each line "MODE BATCH RANK" on standard input (mode: step, a LoRA step with AdamW; full, one of
all weights; sample, one prediction) is answered by milliseconds. Latents are [BATCH, 4, 32, 32]: pictures of 256 px.
"""
import os
import sys
import time

import torch
from torch import nn

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "training"))
from unet_model import TEXT, TOKENS, UNet  # noqa: E402

torch.set_num_threads(2)
torch.manual_seed(0)


def adapted(rank):
    """A U-Net with a pair beside each projection of attention, and the pairs."""
    unet, pairs = UNet(), []
    unet.requires_grad_(False)
    for name, layer in unet.named_modules():
        if isinstance(layer, nn.Linear) and any(part in name for part in (".to_q", ".to_k", ".to_v", ".to_out")):
            down = nn.Parameter(torch.randn(rank, layer.in_features) * 0.01)
            up = nn.Parameter(torch.zeros(layer.out_features, rank))
            pairs += [down, up]
            layer.register_forward_hook(lambda _, args, y, a=down, b=up: y + args[0] @ a.T @ b.T)
    return unet, pairs


def whole():
    """A U-Net of which everything is trained, and its weights."""
    unet = UNet()
    return unet, list(unet.parameters())


def inputs(batch):
    return torch.randn(batch, 4, 32, 32), torch.randint(0, 1000, (batch,)), torch.randn(batch, TOKENS, TEXT)


known = {}
print(torch.__version__, flush=True)
for line in sys.stdin:
    mode, batch, rank = line.split()
    key = "full" if mode == "full" else rank
    if key not in known:
        unet, trained = adapted(int(rank)) if mode != "full" else whole()
        known[key] = (unet, trained, torch.optim.AdamW(trained, lr=1e-3))
    unet, trained, optimizer = known[key]
    x, t, text = inputs(int(batch))
    noise = torch.randn_like(x)
    start = time.perf_counter()
    if mode == "sample":
        with torch.no_grad():
            unet(x, t, text)
    else:
        loss = (unet(x, t, text) - noise).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
    print(1000 * (time.perf_counter() - start), flush=True)
