"""IMPRESS's loop (Cao et al. 2023) in PyTorch on a small autoencoder, for impress.test.ts: python3 impress.py > impress.json

Weights and picture are sines of their place, so that the test makes the same ones. Pixels of -1..1, as there.
"""
import json
import torch

SIDE, RATE, ALPHA, EPS = 16, 0.01, 0.1, 0.1


def waves(dims, scale, pitch, dtype):
    n = torch.Size(dims).numel()
    return (scale * torch.sin(pitch * torch.arange(1, n + 1, dtype=torch.float64))).reshape(dims).to(dtype)


def run(steps, dtype):
    enc = waves([4, 3, 8, 8], 0.05, 1.3, dtype)
    dec = waves([4, 3, 8, 8], 0.3, 0.7, dtype)
    eye = waves([4, 3, 3, 3], 0.5, 2.1, dtype)
    f = torch.nn.functional

    def vae(x):
        return 2 * torch.sigmoid(f.conv_transpose2d(torch.tanh(f.conv2d((x + 1) / 2, enc, stride=8)), dec, stride=8)) - 1

    def distance(a, b):
        return 2000 * f.conv2d((a - b) / 2, eye).pow(2).mean()

    given = (0.8 * waves([1, 3, SIDE, SIDE], 1, 0.37, torch.float64)).to(dtype)
    x = given.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([x], lr=RATE, eps=1e-5)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps, eta_min=1e-5)
    pulled = 0
    for _ in range(steps):
        excess = distance(x, given) - EPS
        pulled += int(excess > 0)
        loss = f.mse_loss(vae(x), x) + ALPHA * torch.clamp(excess, min=0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            x.clamp_(-1, 1)
    return x.detach().double(), pulled


cases = []
for steps in [1, 20, 100]:
    exact, pulled = run(steps, torch.float64)
    cases.append({
        "steps": steps,
        "pulled": pulled,
        "pixels": [round(v, 9) for v in ((exact + 1) / 2).flatten().tolist()],
    })
print(json.dumps({"torch": torch.__version__, "cases": cases}))
