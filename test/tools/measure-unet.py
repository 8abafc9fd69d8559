"""The same as bench/networks.mjs, in PyTorch: time and peak memory of a U-Net's forward pass, or of its gradient.

    VENV/bin/python test/tools/measure-unet.py FOLDER [--side 256] [--gradient] [--threads 2]
"""

import argparse
import json
import resource
import time

import torch
from diffusers import UNet2DConditionModel

parser = argparse.ArgumentParser()
parser.add_argument("folder")
parser.add_argument("--side", type=int, default=256)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--gradient", action="store_true")
args = parser.parse_args()
torch.set_num_threads(args.threads)
start = time.perf_counter()
unet = UNet2DConditionModel.from_pretrained(args.folder, subfolder="unet", torch_dtype=torch.float32).eval().requires_grad_(False)
opened = time.perf_counter() - start
cells = args.side // 8
sample, text = torch.randn(1, 4, cells, cells), torch.randn(1, 77, unet.config.cross_attention_dim)


def run():
    if not args.gradient:
        with torch.no_grad():
            return unet(sample, 500, text).sample
    leaf = sample.clone().requires_grad_(True)
    unet(leaf, 500, text).sample.sum().backward()
    return leaf.grad


run()
times = []
for _ in range(2):
    start = time.perf_counter()
    run()
    times.append(time.perf_counter() - start)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"side": args.side, "gradient": args.gradient, "openSeconds": round(opened, 2), "runSeconds": round(min(times), 2), "peakGigabytes": round(peak / 1e9, 2)}))
