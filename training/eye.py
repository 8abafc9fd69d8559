"""atelier-eye: a small image embedder that tells artists apart: photographs, painters, the atelier's painters.

    python training/eye.py train [--steps N]    to WORK/eye.pt (continued where it stopped)
    python training/eye.py measure              the tables of the model card
    python training/eye.py export               models/atelier-eye/eye.onnx

Supervised contrastive loss (Khosla et al. 2020) beside a cosine classifier that is thrown away. Every picture is seen in
views damaged by what attacks do mildly: crops, other sizes, JPEG, blur, noise. Colours change little, for a painter's
palette is part of his artist. This is not CLIP: it has never seen a word, and its world is `data.py`.
"""

import argparse
import io
import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter
from torch import nn
from torch.nn import functional as F

from data import SIDE, open_data
from export import write_onnx
from taesd import pixels_of
from vae import Block, Run, half_precision

SEEN = 128
DIMENSIONS = 128


class Statistics(nn.Module):
    """Mean and deviation of every channel: where things are does not matter, how they are made does."""

    def forward(self, x):
        mean = x.mean((2, 3), keepdim=True)
        spread = (x - mean).pow(2).mean((2, 3)).add(1e-4).sqrt()
        return torch.cat([mean.flatten(1), spread], 1)


class Eye(nn.Module):
    """Pixels 0..1 [n,3,128,128] to unit vectors [n,128]; 1.7 M parameters."""

    def __init__(self, widths=(32, 64, 128, 192), blocks=(0, 1, 2, 1)):
        super().__init__()
        stages, before = [], 3
        for width, count in zip(widths, blocks, strict=True):
            size = 5 if before == 3 else 3
            enter = nn.Conv2d(before, width, size, stride=2, padding=size // 2)
            stages.append(nn.Sequential(enter, nn.ReLU(), *(Block(width) for _ in range(count))))
            before = width
        self.stages = nn.ModuleList(stages)
        self.statistics = Statistics()
        self.project = nn.Linear(2 * sum(widths[1:]), DIMENSIONS)

    def forward(self, x):
        x = (x - 0.5) * 4
        taken = []
        for stage in self.stages:
            x = stage(x)
            taken.append(self.statistics(x.float()))
        with torch.autocast("cpu", enabled=False):
            v = self.project(torch.cat(taken[1:], 1))
            return v / v.pow(2).sum(1, keepdim=True).add(1e-12).sqrt()


class WithClassifier(nn.Module):
    def __init__(self, artists):
        super().__init__()
        self.eye = Eye()
        self.centres = nn.Parameter(torch.randn(artists, DIMENSIONS))

    def forward(self, x):
        v = self.eye(x)
        return v, 16 * v @ F.normalize(self.centres, dim=1).T


def compressed(picture, quality):
    held = io.BytesIO()
    picture.save(held, "JPEG", quality=int(quality))
    return Image.open(held).convert("RGB")


def view(pixels, random):
    """A picture as it may arrive: cut, mirrored, resized, and mildly damaged before or after."""
    picture = Image.fromarray(pixels)
    side = int(random.integers(150, SIDE + 1))
    x, y = random.integers(0, SIDE - side + 1, 2)
    damaged = random.random() < 0.7
    kind = random.integers(4)
    if damaged and kind == 0:
        picture = compressed(picture, random.integers(50, 96))
    if damaged and kind == 1:
        picture = picture.filter(ImageFilter.GaussianBlur(random.uniform(0.3, 1.5)))
    if damaged and kind == 2:
        small = int(SIDE * random.uniform(0.4, 0.9))
        picture = picture.resize((small, small), Image.BICUBIC).resize((SIDE, SIDE), Image.BICUBIC)
    picture = picture.resize((SEEN, SEEN), Image.BICUBIC, box=(x, y, x + side, y + side))
    if random.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    out = np.asarray(picture, np.float32) / 255
    if damaged and kind == 3:
        sigma = random.uniform(2, 12) / 255
        out = out + random.normal(0, sigma, out.shape).astype(np.float32)
    out = (out - 0.5) * random.uniform(0.9, 1.1) + 0.5 + random.normal(0, 0.02, 3)
    return np.clip(out, 0, 1).astype(np.float32)


def contrastive(v, labels, temperature=0.1):
    """Supervised contrastive loss: each view is pulled to all others of its artist, against all of the batch."""
    likeness = v @ v.T / temperature
    itself = torch.eye(len(v), dtype=torch.bool)
    likeness = likeness.masked_fill(itself, -1e4)
    same = (labels[:, None] == labels[None]) & ~itself
    logs = likeness - likeness.logsumexp(1, keepdim=True)
    return -(logs * same).sum(1).div(same.sum(1).clamp(min=1)).mean()


class Batches:
    """Twelve artists at a time, four views of each, of four pictures where there are as many."""

    def __init__(self, folder, random):
        self.pixels, _, index = open_data(folder)
        train = [line for line in index if line["split"] == "train"]
        self.artists = sorted({line["artist"] for line in train})
        self.rows = {artist: [int(line["row"]) for line in train if line["artist"] == artist] for artist in self.artists}
        self.random = random

    def take(self, artists=12, views=4):
        chosen = self.random.choice(len(self.artists), artists, replace=False)
        labels = np.repeat(chosen, views)
        rows = [self.random.choice(self.rows[self.artists[k]]) for k in labels]
        pictures = np.stack([view(self.pixels[row], self.random) for row in rows])
        x = torch.from_numpy(pictures).permute(0, 3, 1, 2)
        return x.contiguous(memory_format=torch.channels_last), torch.from_numpy(labels)


def train(given):
    torch.manual_seed(given.seed)
    batches = Batches(given.data, np.random.default_rng(given.seed))
    run = Run(WithClassifier(len(batches.artists)), given.work / "eye.pt", given.steps, given.lr, restart=given.restart)
    batches.random = np.random.default_rng((given.seed, run.step))
    start = time.time() - run.seconds
    while run.step < given.steps:
        x, labels = batches.take()
        with half_precision():
            v, scores = run.network(x)
        pulled, told = contrastive(v.float(), labels), F.cross_entropy(scores.float(), labels)
        run.descend(pulled + told)
        run.seconds = time.time() - start
        if run.step % 25 == 0:
            right = (scores.argmax(1) == labels).float().mean()
            print(f"{run.step} {run.seconds:.0f} s  contrastive {pulled:.3f}  classes {told:.3f}  right {right:.2f}", flush=True)
        if run.step % 150 == 0 or run.step == given.steps:
            run.save()
            print(f"{run.step} {accuracies(Vectors(run.mean.eye, given))}", flush=True)


def trained(given):
    held = torch.load(given.work / "eye.pt", weights_only=True)["mean"]
    eye = Eye()
    eye.load_state_dict({name[4:]: value for name, value in held.items() if name.startswith("eye.")})
    return eye.eval()


ATTACKS = {
    "as they are": lambda picture, random: picture,
    "jpeg 75": lambda picture, random: compressed(picture, 75),
    "blur 1": lambda picture, random: picture.filter(ImageFilter.GaussianBlur(1)),
    "noise 8/255": lambda picture, random: noisy(picture, random, 8),
    "half and back": lambda picture, random: picture.resize((SIDE // 2,) * 2, Image.BICUBIC).resize((SIDE,) * 2, Image.BICUBIC),
}


def noisy(picture, random, sigma):
    values = np.asarray(picture, np.float32) + random.normal(0, sigma, (SIDE, SIDE, 3))
    return Image.fromarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


class Vectors:
    """Embeddings of rows of the data, and the mean of every artist's training pictures (at most 60 of each)."""

    def __init__(self, eye, given):
        self.eye = eye
        self.pixels, _, self.index = open_data(given.data)
        self.artists = sorted({line["artist"] for line in self.index if line["split"] == "train"})
        self.means = {artist: self.of(self.rows("train", artist)[:60]).mean(0) for artist in self.artists}

    def rows(self, split, artist):
        return [int(line["row"]) for line in self.index if line["split"] == split and line["artist"] == artist]

    def of(self, rows, attack="as they are"):
        random = np.random.default_rng(0)
        pictures = [ATTACKS[attack](Image.fromarray(self.pixels[row]), random) for row in rows]
        small = np.stack([np.asarray(each.resize((SEEN, SEEN), Image.BICUBIC)) for each in pictures])
        with torch.inference_mode(), half_precision():
            return torch.cat([self.eye(pixels_of(part)).float() for part in np.array_split(small, max(1, len(small) // 32))])


def nearest(vectors, means):
    """The artist whose mean lies nearest to each vector."""
    names = list(means)
    centres = F.normalize(torch.stack([means[name] for name in names]), dim=1)
    return [names[k] for k in (vectors @ centres.T).argmax(1)]


def accuracies(vectors, attack="as they are"):
    """Top-1 by nearest mean over the artists of training, on held-out pictures: of all, and as the mean over artists."""
    right = {}
    for artist in vectors.artists:
        rows = vectors.rows("heldout", artist)[:40]
        told = nearest(vectors.of(rows, attack), vectors.means)
        right[artist] = (sum(each == artist for each in told), len(rows))
    total = sum(a for a, _ in right.values()) / sum(b for _, b in right.values())
    return {"pictures": round(total, 3), "artists": round(float(np.mean([a / b for a, b in right.values()])), 3), **right}


def unseen(vectors):
    """Hands that were never seen: half of each gives its mean, the other half is to be told from all other artists."""
    sources = {int(line["row"]): line["source"] for line in vectors.index}
    means, asked = dict(vectors.means), {}
    for artist in sorted({line["artist"] for line in vectors.index if line["split"] == "unseen"}):
        rows = vectors.rows("unseen", artist)
        known = set(sorted({sources[row] for row in rows})[::2])
        means[artist] = vectors.of([row for row in rows if sources[row] in known]).mean(0)
        asked[artist] = [row for row in rows if sources[row] not in known]
    return {artist: round(float(np.mean([told == artist for told in nearest(vectors.of(rows), means)])), 3) for artist, rows in asked.items()}


def measure(given):
    vectors = Vectors(trained(given), given)
    for attack in ATTACKS:
        print(f"{attack}: {accuracies(vectors, attack)}")
    print(f"never seen, among all artists: {unseen(vectors)}")


def export(given):
    example = torch.rand(1, 3, SEEN, SEEN)
    write_onnx(trained(given), given.models / "eye.onnx", ("image", {0: "n"}), ("embedding", {0: "n"}), example)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("train", "measure", "export"))
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--data", type=Path, default=Path("/tmp/atelier-data"))
    parser.add_argument("--work", type=Path, default=Path("/tmp/vae"))
    parser.add_argument("--models", type=Path, default=Path(__file__).parents[1] / "models/atelier-eye")
    parser.add_argument("--steps", type=int, default=900)
    parser.add_argument("--lr", type=float, default=1e-3, help="peak of the learning rate")
    parser.add_argument("--restart", action="store_true", help="restart the learning-rate schedule, from the weights of the last checkpoint")
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    given.work.mkdir(parents=True, exist_ok=True)
    {"train": train, "measure": measure, "export": export}[given.what](given)


if __name__ == "__main__":
    main()
