"""atelier-vae: a small encoder and decoder in Stable Diffusion 1's latent space, students of TAESD.

    python training/vae.py encoder [--steps N]    the encoder, to WORK/encoder.pt (continued where it stopped)
    python training/vae.py decodings              what TAESD decodes from the training pictures' latents
    python training/vae.py decoder [--steps N]    the decoder, to WORK/decoder.pt
    python training/vae.py measure                a table of the model card: latents and rebuilt pictures
    python training/vae.py transfer               another: how far perturbations reach the teacher
    python training/vae.py export                 models/atelier-vae/*.onnx

The encoder has to answer perturbations as its teacher does, or a protection computed on it would not reach Stable
Diffusion. So half of every batch are pictures perturbed against the student itself (sign steps toward the latents of
another picture, kept and continued over several batches while the student changes), noisy, blurred or requantised;
their labels are what the teacher sees in them. The other half are clean crops with the latents of `data.py`.
"""

import argparse
import json
import math
import time
from copy import deepcopy
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from data import SIDE, open_data
from export import read_weights, write_onnx
from muon import Muon
from taesd import pixels_of, teacher

CROP = 128
CELL = 8
# Of the 24 crops of a batch.
CLEAN = 14


class Block(nn.Module):
    """Two 3x3 convolutions around a skip connection."""

    def __init__(self, channels):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.bias)
        with torch.no_grad():
            self.second.weight.mul_(0.3)

    def forward(self, x):
        return F.relu(x + self.second(F.relu(self.first(x))))


def encoder(half=48, quarter=96, eighth=128):
    """Pixels 0..1 [n,3,h,w] to latents [n,4,h/8,w/8]; 3.3 M parameters, most of them at an eighth of the size."""
    return nn.Sequential(
        nn.Conv2d(3, half, 5, stride=2, padding=2),
        nn.ReLU(),
        *(Block(half) for _ in range(2)),
        nn.Conv2d(half, quarter, 3, stride=2, padding=1),
        nn.ReLU(),
        *(Block(quarter) for _ in range(4)),
        nn.Conv2d(quarter, eighth, 3, stride=2, padding=1),
        nn.ReLU(),
        *(Block(eighth) for _ in range(8)),
        nn.Conv2d(eighth, 4, 3, padding=1),
    )


class Softly(nn.Module):
    """Bounds latents smoothly to -3..3, beyond which no picture lies."""

    def forward(self, z):
        return torch.tanh(z / 3) * 3


class Doubled(nn.Module):
    """Nearest-neighbour doubling and a convolution."""

    def __init__(self, before, after):
        super().__init__()
        self.conv = nn.Conv2d(before, after, 3, padding=1)

    def forward(self, x):
        return F.relu(self.conv(F.interpolate(x, scale_factor=2)))


def decoder(eighth=96, quarter=72, half=48):
    """Latents to pixels, about 0..1; the last doubling is a pixel shuffle, since full size is where time goes."""
    return nn.Sequential(
        Softly(),
        nn.Conv2d(4, eighth, 3, padding=1),
        nn.ReLU(),
        *(Block(eighth) for _ in range(4)),
        Doubled(eighth, quarter),
        *(Block(quarter) for _ in range(3)),
        Doubled(quarter, half),
        *(Block(half) for _ in range(2)),
        nn.Conv2d(half, 12, 3, padding=1),
        nn.PixelShuffle(2),
    )


class Run:
    """A training that can be stopped at any time and goes on from its last checkpoint."""

    def __init__(self, network, path, steps, rate, decay=0.997, restart=None):
        """`restart` is the network's ONNX file, whose weights start a new learning-rate schedule if there is no checkpoint."""
        if restart is not None and not path.exists():
            read_weights(network, restart)
        self.network = network.to(memory_format=torch.channels_last)
        self.path, self.steps, self.lr, self.decay = path, steps, rate, decay
        self.mean = deepcopy(network).requires_grad_(False)
        kernels = [p for p in network.parameters() if p.dim() == 4]
        others = [p for p in network.parameters() if p.dim() != 4]
        self.optimizers = [Muon(kernels, rate), torch.optim.AdamW(others, rate, betas=(0.9, 0.98), weight_decay=0)]
        self.step, self.seconds = 0, 0.0
        if path.exists():
            held = torch.load(path, weights_only=True)
            self.network.load_state_dict(held["network"])
            self.mean.load_state_dict(held["mean"])
            for optimizer, state in zip(self.optimizers, held.get("optimizers", ()), strict=False):
                optimizer.load_state_dict(state)
            self.step, self.seconds = (0, 0.0) if restart else (held["step"], held["seconds"])

    def save(self):
        held = {name: getattr(self, name).state_dict() for name in ("network", "mean")}
        held["optimizers"] = [optimizer.state_dict() for optimizer in self.optimizers]
        torch.save({**held, "step": self.step, "seconds": self.seconds}, self.path.with_suffix(".part"))
        self.path.with_suffix(".part").rename(self.path)

    def descend(self, loss):
        """One step down a loss: warm-up, then half a cosine to a fiftieth of the rate; running mean of the weights."""
        done = self.step / self.steps
        warm = min(1, (self.step + 1) / min(100, 1 + self.steps // 10))
        rate = self.lr * warm * (0.02 + 0.98 * (1 + math.cos(math.pi * min(1, done))) / 2)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
        keep = min(self.decay, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for held, new in zip(self.mean.parameters(), self.network.parameters(), strict=True):
                held.lerp_(new, 1 - keep)
        self.step += 1


def half_precision():
    return torch.autocast("cpu", torch.bfloat16)


def answer(network, x):
    with half_precision():
        return network(x).float()


class Crops:
    """Random crops of the training pictures, aligned with their latents."""

    def __init__(self, folder, random):
        self.pixels, self.latents, index = open_data(folder)
        self.rows = [int(line["row"]) for line in index if line["split"] == "train"]
        # Photographs are two thirds of all pictures; painters are what protections are for.
        weights = np.array([0.5 if index[row]["kind"] == "photograph" else 1.0 for row in self.rows])
        self.weights = weights / weights.sum()
        self.random = random

    def take(self, count):
        """Pixels [n,3,128,128] and TAESD's latents [n,4,16,16], whose outer ring also saw what was cut away."""
        rows = self.random.choice(self.rows, count, p=self.weights)
        corners = self.random.integers(0, (SIDE - CROP) // CELL + 1, (count, 2))
        side, cells = CROP, CROP // CELL
        pictures = [self.pixels[r, y * CELL :, x * CELL :][:side, :side] for r, (y, x) in zip(rows, corners)]
        latents = [self.latents[r, :, y:, x:][:, :cells, :cells] for r, (y, x) in zip(rows, corners)]
        return pixels_of(np.stack(pictures)), torch.from_numpy(np.stack(latents).astype(np.float32))


def patterns(count, random, side=CROP):
    """Gratings, checkers and coloured noise: the kind of target that Mist's pattern is. [n,3,side,side] in 0..1."""
    y, x = np.mgrid[:side, :side] / side
    made = []
    for _ in range(count):
        colours = random.random((2, 3, 1, 1))
        angle, waves = random.random() * math.pi, random.integers(3, 32)
        wave = np.sin(2 * math.pi * waves * (x * math.cos(angle) + y * math.sin(angle)))
        other = np.sin(2 * math.pi * waves * (y * math.cos(angle) - x * math.sin(angle)))
        kind = random.integers(3)
        field = wave if kind == 0 else wave * other
        mask = (np.sign(field) + 1) / 2 if random.random() < 0.6 else (field + 1) / 2
        made.append(colours[0] * mask + colours[1] * (1 - mask))
        if kind == 2:
            grain = random.random((3, side // 4, side // 4)).repeat(4, 1).repeat(4, 2)
            made[-1] = 0.5 * made[-1] + 0.5 * grain
    return torch.from_numpy(np.concatenate(made).reshape(count, 3, side, side).astype(np.float32))


def worn(x, random):
    """One mild damage, drawn anew for each picture: noise, blur, half size and back, or coarse steps in 8x8 blocks."""
    out = x.clone()
    for k, kind in enumerate(random.integers(0, 5, len(x))):
        strength = float(random.random())
        one = x[k : k + 1]
        if kind == 0:
            one = one + (torch.rand_like(one) * 2 - 1) * strength * 16 / 255
        elif kind == 1:
            one = one + torch.randn_like(one) * strength * 12 / 255
        elif kind == 2:
            soft = F.avg_pool2d(F.pad(one, (1, 1, 1, 1), mode="replicate"), 3, 1)
            one = one + (soft - one) * (0.3 + strength)
        elif kind == 3:
            one = F.interpolate(F.avg_pool2d(one, 2), scale_factor=2, mode="bilinear")
        else:
            one = in_blocks(one, 0.02 + 0.1 * strength)
        out[k] = one[0]
    return out.clamp_(0, 1)


def in_blocks(x, step):
    """Rounds the 8x8 cosine coefficients to steps that grow with frequency, as JPEG does."""
    k = torch.arange(8.0)
    basis = torch.cos(math.pi * (2 * k[None] + 1) * k[:, None] / 16) * 0.5
    basis[0] = math.sqrt(1 / 8)
    n, c, h, w = x.shape
    blocks = x.reshape(n, c, h // 8, 8, w // 8, 8).transpose(3, 4)
    steps = step * (1 + (k[None] + k[:, None]) / 2)
    found = torch.round(basis @ blocks @ basis.T / steps) * steps
    return (basis.T @ found @ basis).transpose(3, 4).reshape(n, c, h, w)


def toward(network, x, clean, target, eps, step):
    """One sign step of the pixels toward latents (or away, where eps of a picture is negative)."""
    x = x.detach().requires_grad_(True)
    distance = (answer(network, x) - target).pow(2).sum()
    (slope,) = torch.autograd.grad(distance, x)
    moved = x.detach() - step * slope.sign()
    return torch.minimum(torch.maximum(moved, clean - eps), clean + eps).clamp_(0, 1)


class Perturbed:
    """A store of perturbed crops and the teacher's latents of them; a few are made harder or replaced at every step."""

    STEPS = 2
    AGES = 7

    def __init__(self, size, crops, taesd, random):
        self.crops, self.taesd, self.random = crops, taesd, random
        self.clean = torch.zeros(size, 3, CROP, CROP)
        self.x = torch.zeros(size, 3, CROP, CROP)
        self.target = torch.zeros(size, 4, CROP // CELL, CROP // CELL)
        self.label = torch.zeros(size, 4, CROP // CELL, CROP // CELL)
        self.eps = torch.zeros(size, 1, 1, 1)
        self.age = np.zeros(size, int)
        self.next = 0
        with torch.inference_mode():
            self.patterns = torch.cat([answer(taesd, patterns(8, random)) for _ in range(12)]).clone()
        for at in range(0, size, 16):
            self.renew(np.arange(at, min(size, at + 16)))
            self.x[at : at + 16] = worn(self.clean[at : at + 16], random)
            self.relabel(np.arange(at, min(size, at + 16)))

    def renew(self, places):
        """New crops, mirrored at will; three quarters will be attacked, the others are worn once and soon replaced."""
        clean, _ = self.crops.take(len(places))
        _, target = self.crops.take(len(places))
        for k in range(len(places)):
            if self.random.random() < 0.5:
                clean[k] = clean[k].flip(2)
            if self.random.random() < 0.4:
                target[k] = self.patterns[self.random.integers(len(self.patterns))]
        eps = self.random.choice([4, 8, 8, 8, 12], len(places)) / 255
        self.clean[places], self.target[places] = clean, target
        self.eps[places] = torch.tensor(eps, dtype=torch.float32)[:, None, None, None]
        attacked = self.random.random(len(places)) < 0.75
        self.age[places] = np.where(attacked, 0, self.AGES)
        start = clean + (torch.rand_like(clean) * 2 - 1) * self.eps[places]
        self.x[places] = torch.where(torch.tensor(attacked)[:, None, None, None], start.clamp(0, 1), worn(clean, self.random))

    def relabel(self, places):
        with torch.inference_mode():
            self.label[places] = answer(self.taesd, self.x[places].contiguous(memory_format=torch.channels_last))

    def refresh(self, network, count):
        """Brings the oldest `count` entries two sign steps further against the student as it is now."""
        places = (self.next + np.arange(count)) % len(self.x)
        self.next = int(places[-1] + 1) % len(self.x)
        old = places[self.age[places] >= self.AGES]
        if len(old) > 0:
            self.renew(old)
        going = places[self.age[places] < self.AGES]
        if len(going) > 0:
            network.requires_grad_(False)
            eps = self.eps[going]
            for _ in range(self.STEPS):
                self.x[going] = toward(network, self.x[going], self.clean[going], self.target[going], eps, eps / 5)
            network.requires_grad_(True)
        self.age[places] += 1
        self.relabel(places)

    def take(self, count):
        places = self.random.choice(len(self.x), count, replace=False)
        return self.x[places], self.label[places]


def distance(found, wanted):
    difference = found - wanted
    return difference.abs().mean() + difference.pow(2).mean()


def train_encoder(given):
    random = np.random.default_rng(given.seed)
    torch.manual_seed(given.seed)
    run = phase("encoder", given)
    random = np.random.default_rng((given.seed, run.step))
    taesd = teacher(given.shared / "models/taesd-encoder.onnx")
    crops = Crops(given.data, random)
    store = Perturbed(192, crops, taesd, random)
    probe = Probe(given, taesd)
    start = time.time() - run.seconds
    while run.step < given.steps:
        if run.step % 2 == 0:
            store.refresh(run.network, 3)
        clean, latents = crops.take(CLEAN)
        rough, labels = store.take(24 - CLEAN)
        found = answer(run.network, torch.cat([clean, rough]).contiguous(memory_format=torch.channels_last))
        inside = (..., slice(1, -1), slice(1, -1))
        easy, hard = distance(found[:CLEAN][inside], latents[inside]), distance(found[CLEAN:], labels)
        run.descend((CLEAN * easy + (24 - CLEAN) * hard) / 12)
        run.seconds = time.time() - start
        if run.step % 25 == 0:
            print(f"{run.step} {run.seconds:.0f} s  clean {easy:.4f}  perturbed {hard:.4f}", flush=True)
        if run.step % 150 == 0:
            run.save()
            print(f"{run.step} held out: {probe.correlations(run.mean)}", flush=True)
            if run.step % 450 == 0:
                print(f"{run.step} transfer: {probe.ratios(run.mean)}", flush=True)
            run.seconds = time.time() - start
    run.save()


def slopes(x):
    return x[..., 1:, :] - x[..., :-1, :], x[..., :, 1:] - x[..., :, :-1]


def decode_pictures(given, count=800, batch=2):
    """TAESD's decodings of a sample of the training pictures, to decodings.u8 and decodings.npy (their rows)."""
    _, latents, index = open_data(given.data)
    rows = np.array([int(line["row"]) for line in index if line["split"] == "train"])
    weights = np.array([0.35 if index[row]["kind"] == "photograph" else 1.0 for row in rows])
    rows = np.sort(np.random.default_rng(given.seed).choice(rows, count, replace=False, p=weights / weights.sum()))
    network = teacher(given.shared / "models/taesd-decoder.onnx")
    with torch.inference_mode(), open(given.data / "decodings.u8", "wb") as file:
        for at in range(0, count, batch):
            z = torch.from_numpy(latents[rows[at : at + batch]].astype(np.float32))
            made = answer(network, z.contiguous(memory_format=torch.channels_last)).clamp(0, 1)
            file.write((made * 255).round().byte().permute(0, 2, 3, 1).contiguous().numpy().tobytes())
            if at % 100 == 0:
                print(f"decodings {at}/{count}", flush=True)
    np.save(given.data / "decodings.npy", rows)


class Decodings:
    """Crops of latents with what TAESD decodes from all of them. What was cut away does not count, real edges do."""

    def __init__(self, given, random):
        _, self.latents, _ = open_data(given.data)
        self.rows = np.load(given.data / "decodings.npy")
        self.pixels = np.memmap(given.data / "decodings.u8", np.uint8, "r", shape=(len(self.rows), SIDE, SIDE, 3))
        self.random = random

    def take(self, count, cells=CROP // CELL, margin=2):
        """Latents [n,4,16,16], pixels [n,3,128,128] and a mask [n,1,128,128] of the pixels that count."""
        chosen = self.random.integers(0, len(self.rows), count)
        last = SIDE // CELL - cells
        corners = np.clip(self.random.integers(-2, last + 3, (count, 2)), 0, last)
        latents, pixels, mask = [], [], np.zeros((count, 1, CROP, CROP), np.float32)
        for k, (place, (y, x)) in enumerate(zip(chosen, corners, strict=True)):
            latents.append(self.latents[self.rows[place], :, y : y + cells, x : x + cells])
            pixels.append(self.pixels[place, y * CELL :, x * CELL :][:CROP, :CROP])
            inside = [slice(0 if at == 0 else margin * CELL, CROP if at == last else CROP - margin * CELL) for at in (y, x)]
            mask[k, 0, inside[0], inside[1]] = 1
        z = torch.from_numpy(np.stack(latents).astype(np.float32)).contiguous(memory_format=torch.channels_last)
        return z, pixels_of(np.stack(pixels)), torch.from_numpy(mask)


def train_decoder(given):
    """Pixels and their differences. TAESD's decoding of a latent is one picture, not many, so that nothing has to blur."""
    torch.manual_seed(given.seed)
    run = phase("decoder", given)
    crops = Decodings(given, np.random.default_rng((given.seed, run.step)))
    start = time.time() - run.seconds
    while run.step < given.steps:
        latents, pixels, mask = crops.take(16)
        difference = (answer(run.network, latents) - pixels) * mask
        near = difference.abs().mean() + 4 * difference.pow(2).mean()
        edges = sum(each.abs().mean() for each in slopes(difference))
        run.descend(near + edges)
        run.seconds = time.time() - start
        if run.step % 25 == 0:
            print(f"{run.step} {run.seconds:.0f} s  pixels {near:.4f}  edges {edges:.4f}", flush=True)
        if run.step % 150 == 0 or run.step == given.steps:
            run.save()
            print(f"{run.step} held out, dB: {decibels_of(run.mean, given)}", flush=True)


HALVES = {"encoder": encoder, "decoder": decoder}


def phase(half, given):
    """The training of a half: new, gone on with, or begun again."""
    again = given.models / f"{half}.onnx" if given.restart else None
    return Run(HALVES[half](), given.work / f"{half}.pt", given.steps, given.lr, restart=again)


def trained(half, given):
    """The running mean of a half's weights, as its training left it; without a checkpoint, those of --models."""
    network, checkpoint = HALVES[half](), given.work / f"{half}.pt"
    if checkpoint.exists():
        network.load_state_dict(torch.load(checkpoint, weights_only=True)["mean"])
    else:
        read_weights(network, given.models / f"{half}.onnx")
    return network.eval().to(memory_format=torch.channels_last)


def decibels(found, wanted):
    """Mean over pictures of the peak signal-to-noise ratio, pixels clipped to 0..1."""
    errors = (found.clamp(0, 1) - wanted).pow(2).flatten(1).mean(1)
    return float((-10 * errors.log10()).mean())


def held_rows(index, artist, count):
    return [int(line["row"]) for line in index if line["artist"] == artist and line["split"] != "train"][:count]


def decibels_of(network, given, artists=("photograph", "monet", "van-gogh", "canaletto", "quillon"), count=6):
    """Held-out pictures rebuilt from TAESD's latents."""
    pixels, latents, index = open_data(given.data)
    found = {}
    with torch.inference_mode():
        for artist in artists:
            rows = held_rows(index, artist, count)
            z = torch.from_numpy(latents[rows].astype(np.float32)).contiguous(memory_format=torch.channels_last)
            found[artist] = round(decibels(answer(network, z), pixels_of(pixels[rows])), 2)
    return found


def correlation(a, b):
    return float(np.corrcoef(a.flatten(), b.flatten())[0, 1])


def mist(network, x, target, steps=60, eps=8 / 255, step=1 / 255):
    """A perturbation in Mist's manner: sign steps toward the latents of a target."""
    network.requires_grad_(False)
    with torch.no_grad():
        wanted = answer(network, target)
    moved = x.clone()
    for _ in range(steps):
        moved = toward(network, moved, x, wanted, eps, step)
    return moved


class Probe:
    """What the encoder is judged by while it trains: held-out latents, and how far its perturbations reach the teacher."""

    ARTISTS = ("photograph", "monet", "canaletto")

    def __init__(self, given, taesd):
        self.taesd = taesd
        pixels, latents, index = open_data(given.data)
        self.sets = {artist: held_rows(index, artist, 8) for artist in (*self.ARTISTS, "signac", "zielony")}
        self.pixels, self.latents = pixels, latents
        self.target = patterns(8, np.random.default_rng(7), SIDE)[3:4]
        self.cache = given.work / "probe.json"

    def correlations(self, network):
        with torch.inference_mode():
            return {
                artist: round(correlation(answer(network, pixels_of(self.pixels[rows])).numpy(), self.latents[rows].astype(np.float32)), 4)
                for artist, rows in self.sets.items()
            }

    def reach(self, network, x):
        """The cosine between where the teacher's latents go and where the target lies."""
        moved = mist(network, x, self.target)
        with torch.inference_mode():
            before, after, wanted = (answer(self.taesd, each) for each in (x, moved, self.target))
        return float(F.cosine_similarity((after - before).flatten(), (wanted - before).flatten(), dim=0))

    def ratios(self, network):
        pictures = {artist: pixels_of(self.pixels[self.sets[artist][:1]]) for artist in self.ARTISTS}
        if not self.cache.exists():
            self.cache.write_text(json.dumps({artist: self.reach(self.taesd, x) for artist, x in pictures.items()}))
        own = json.loads(self.cache.read_text())
        return {artist: (round(self.reach(network, x) / own[artist], 3), round(own[artist], 3)) for artist, x in pictures.items()}


def judged(given, count=6):
    """Pictures that were never trained on, by group: held out, of painters left out, and of the folders for tests."""
    pixels, _, index = open_data(given.data)
    for artist in ("photograph", "monet", "van-gogh", "matisse", "the-scream", "canaletto", "signac", "zielony", "halvorsen"):
        yield artist, [pixels_of(pixels[row : row + 1]) for row in held_rows(index, artist, count)]
    for folder in ("kodak", "umass"):
        files = sorted((given.shared / "images" / folder).iterdir())
        yield folder, [whole_cells(np.asarray(Image.open(file).convert("RGB"))) for file in files]


def whole_cells(picture):
    height, width = (side // CELL * CELL for side in picture.shape[:2])
    return pixels_of(picture[None, :height, :width])


def measure(given):
    """Correlation of latents with TAESD's; decibels of pictures rebuilt by TAESD, by our decoder from its latents, and by ours alone."""
    taesd = [teacher(given.shared / f"models/taesd-{half}.onnx") for half in ("encoder", "decoder")]
    ours = [trained(half, given) for half in ("encoder", "decoder")]
    print("| pictures | n | correlation | TAESD, dB | decoder, dB | both, dB |\n| --- | --- | --- | --- | --- | --- |")
    with torch.inference_mode():
        for group, pictures in judged(given):
            rows = []
            for x in pictures:
                x = x.contiguous(memory_format=torch.channels_last)
                wanted, found = answer(taesd[0], x), answer(ours[0], x)
                rebuilt = [answer(taesd[1], wanted), answer(ours[1], wanted), answer(ours[1], found)]
                rows.append([correlation(found.numpy(), wanted.numpy()), *(decibels(each, x) for each in rebuilt)])
            means = np.mean(rows, 0)
            print(f"| {group} | {len(rows)} | {means[0]:.3f} | " + " | ".join(f"{v:.2f}" for v in means[1:]) + " |", flush=True)


def transfer(given):
    """How far a Mist-like perturbation reaches TAESD: the cosine of the shift computed on TAESD itself, on us, and their ratio."""
    probe = Probe(given, teacher(given.shared / "models/taesd-encoder.onnx"))
    student, cache = trained("encoder", given), given.work / "transfer.json"
    own = json.loads(cache.read_text()) if cache.exists() else {}
    names = ("kodak/03.png", "umass/starry-night.jpg", "umass/girl-with-a-pearl-earring.jpg", "artists/canaletto/02.png", "artists/signac/04.png")
    print("| picture | on TAESD | on atelier-vae | ratio |\n| --- | --- | --- | --- |")
    for name in names:
        picture = Image.open(given.shared / "images" / name).convert("RGB")
        side = min(picture.size)
        left, top = (picture.width - side) // 2, (picture.height - side) // 2
        small = picture.resize((SIDE, SIDE), Image.LANCZOS, box=(left, top, left + side, top + side))
        x = pixels_of(np.asarray(small)[None])
        if name not in own:
            own[name] = probe.reach(probe.taesd, x)
            cache.write_text(json.dumps(own))
        reached = probe.reach(student, x)
        print(f"| {name} | {own[name]:.3f} | {reached:.3f} | {reached / own[name]:.2f} |", flush=True)


def export(given):
    """Both halves, as far as they are trained, with weights stored as float16."""
    image = ("image", {0: "n", 2: "height", 3: "width"})
    latent = ("latent", {0: "n", 2: "rows", 3: "columns"})
    if (given.work / "encoder.pt").exists():
        write_onnx(trained("encoder", given), given.models / "encoder.onnx", image, latent, torch.rand(1, 3, 64, 64))
    if (given.work / "decoder.pt").exists():
        write_onnx(trained("decoder", given), given.models / "decoder.onnx", latent, image, torch.rand(1, 4, 8, 8))


TASKS = {
    "encoder": train_encoder,
    "decodings": decode_pictures,
    "decoder": train_decoder,
    "measure": measure,
    "transfer": transfer,
    "export": export,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=tuple(TASKS))
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--data", type=Path, default=Path("/tmp/atelier-data"))
    parser.add_argument("--work", type=Path, default=Path("/tmp/vae"))
    parser.add_argument("--models", type=Path, default=Path(__file__).parents[1] / "models/atelier-vae")
    parser.add_argument("--steps", type=int, default=2700)
    parser.add_argument("--lr", type=float, default=1.5e-3, help="peak of the learning rate")
    parser.add_argument("--restart", action="store_true", help="restart the learning-rate schedule, from the weights of the last checkpoint or, without one, of --models")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    given.work.mkdir(parents=True, exist_ok=True)
    TASKS[given.what](given)


if __name__ == "__main__":
    main()
