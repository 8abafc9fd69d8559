"""Trains `atelier-unet` and `atelier-text` together, from the pictures that `data.py` gathered:

    python training/unet.py train [--data FOLDER] [--work FOLDER] [--minutes 85]    goes on where it stopped
    python training/unet.py sheet FILE.png [--work FOLDER]                          looks at what it can do
    python training/unet.py measure FOLDER [--work FOLDER]                          features, for `craquelure measure`
    python training/unet.py motifs [--work FOLDER]                                  whether samples are taken for what was asked for
    python training/unet.py export FOLDER [--work FOLDER]                           writes ONNX files and the tokenizer

The schedule is Stable Diffusion's: 1000 steps, betas scaled linearly from 0.00085 to 0.012; the network predicts the
noise. Latents are TAESD's. Of the splits, only `train` is seen. Runs on the CPU in bfloat16, on one thread unless told.
"""
import argparse
import json
import math
import random
import re
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn.utils import clip_grad_norm_

from captions import Tokens, adjectives, caption, tokenizer, vocabulary
from data import open_data
from export import read_weights
from muon import Muon
from unet_model import ALPHAS, TextEncoder, UNet

SHARES = {"photograph": 0.3, "monet": 0.13, "van-gogh": 0.05, "matisse": 0.04, "atelier": 0.4, "style-transfer": 0.08}
BATCH, RATE, WARM_UP, DECAY = 32, 9e-4, 150, 0.999
OFFSET = 0.06  # of noise that a channel has in common: the initial noise's mean says less of the sample's colour
GAMMA = 5  # of min-SNR weighting (Hang et al. 2023)
MODELS = Path(__file__).parents[1] / "models"
AT_THE_ENDS = re.compile("embedding|conv_in|conv_out")  # what AdamW trains, besides biases and gains


class Atelier(torch.nn.Module):
    """Both networks, trained as one."""

    def __init__(self, tokens):
        super().__init__()
        self.unet, self.text = UNet(), TextEncoder(len(tokens))

    def forward(self, latents, timesteps, ids):
        return self.unet(latents, timesteps, self.text(ids))


class Pictures:
    """Draws batches: the artist by its share, then one of its pictures, half of them mirrored, with a new caption."""

    def __init__(self, folder, seed):
        pixels, latents, index = open_data(folder)
        rows = [row for row, facts in enumerate(index) if facts["split"] == "train"]
        self.latents = torch.from_numpy(latents[rows].astype(np.float32))
        self.facts = [index[row] for row in rows]
        self.words = [adjectives(pixels[row]) for row in rows]
        groups = {}
        for at, facts in enumerate(self.facts):
            groups.setdefault(facts["artist"] if facts["artist"] in SHARES else facts["kind"], []).append(at)
        self.groups = [groups[name] for name in SHARES]
        self.random = random.Random(seed)

    def batch(self, tokens, size=BATCH):
        artists = self.random.choices(self.groups, weights=list(SHARES.values()), k=size)
        chosen = [self.random.choice(artist) for artist in artists]
        latents = self.latents[chosen]
        mirrored = torch.tensor([self.random.random() < 0.5 for _ in chosen])[:, None, None, None]
        latents = torch.where(mirrored, latents.flip(3), latents)
        ids = [tokens(caption(self.facts[at], self.words[at], self.random)) for at in chosen]
        return latents, torch.tensor(ids)


def loss_of(model, latents, ids):
    """Mean squared error of the predicted velocity, times min(SNR, gamma) / SNR where there is little noise."""
    size = len(latents)
    # One timestep of each of `size` equal parts: a steadier loss than independent ones give.
    timesteps = ((torch.arange(size) + torch.rand(size)) * (1000 / size)).long().clamp(max=999)
    noise = torch.randn_like(latents) + OFFSET * torch.randn(size, 4, 1, 1)
    alpha = ALPHAS[timesteps][:, None, None, None]
    noisy = alpha.sqrt() * latents + (1 - alpha).sqrt() * noise
    with torch.autocast("cpu", torch.bfloat16):
        predicted = model(noisy.to(memory_format=torch.channels_last), timesteps, ids)
    error = (predicted.float() - noise).square().mean((1, 2, 3))
    ratio = (alpha / (1 - alpha)).flatten()
    # An error e of the noise is one of e / sqrt(a) of the velocity.
    weight = (1 + 1 / ratio) * (GAMMA / ratio).clamp(max=1)
    return (error * weight).mean(), error.mean().detach()


class Run:
    """The state of a training, kept in one file."""

    def __init__(self, given):
        self.path = given.work / "checkpoint.pt"
        self.lr = getattr(given, "lr", RATE)
        self.tokens = vocabulary()
        torch.manual_seed(given.seed)
        self.model = Atelier(self.tokens).to(memory_format=torch.channels_last)
        self.average = [weight.detach().clone() for weight in self.model.parameters()]
        self.step, self.seconds = 0, 0.0
        kernels, others = [], []
        for name, weight in self.model.named_parameters():
            (kernels if weight.dim() > 1 and not AT_THE_ENDS.search(name) else others).append(weight)
        self.optimizers = [
            Muon(kernels, RATE, weight_decay=0.01),
            torch.optim.AdamW(others, RATE, betas=(0.9, 0.99), weight_decay=0.01, fused=True),
        ]

    def keep(self):
        state = {"step": self.step, "seconds": self.seconds, "model": self.model.state_dict(), "average": self.average}
        part = self.path.with_suffix(".part")
        state["optimizers"] = [optimizer.state_dict() for optimizer in self.optimizers]
        torch.save({**state, "random": torch.get_rng_state()}, part)
        part.rename(self.path)

    def resume(self, restart=False):
        """Goes on from the checkpoint; `restart` starts the learning-rate schedule again, from its averaged weights."""
        state = torch.load(self.path, weights_only=True)
        self.average = state["average"]
        self.model.load_state_dict(state["model"])
        if restart:
            self.averaged().train()
            return
        self.step, self.seconds = state["step"], state["seconds"]
        for optimizer, held in zip(self.optimizers, state.get("optimizers", ()), strict=False):
            optimizer.load_state_dict(held)
        torch.set_rng_state(state["random"])

    def adopt(self, models):
        """Starts from the weights of the package's own files."""
        read_weights(self.model.unet, models / "atelier-unet/unet.onnx")
        read_weights(self.model.text, models / "atelier-text/text-encoder.onnx")
        self.average = [weight.detach().clone() for weight in self.model.parameters()]

    def averaged(self):
        """The model with the average of its weights over the last steps."""
        with torch.no_grad():
            for weight, mean in zip(self.model.parameters(), self.average, strict=True):
                weight.copy_(mean)
        return self.model.eval()

    def update(self, loss, fraction):
        warm = min(1, (self.step + 1) / WARM_UP)
        rate = self.lr * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * fraction)))
        loss.backward()
        clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        decay = min(DECAY, (1 + self.step) / (10 + self.step))
        torch._foreach_lerp_(self.average, [w.detach() for w in self.model.parameters()], 1 - decay)
        self.step += 1


def train(given):
    given.work.mkdir(parents=True, exist_ok=True)
    run = Run(given)
    if run.path.exists():
        run.resume(given.restart)
    elif given.restart:
        run.adopt(MODELS)
    pictures, tokens = Pictures(given.data, given.seed + run.step), Tokens(run.tokens)
    total, log, kept = given.minutes * 60, [], time.time()
    while run.seconds < total:
        began = time.time()
        latents, ids = pictures.batch(tokens)
        loss, plain = loss_of(run.model, latents, ids)
        run.update(loss, min(1, run.seconds / total))
        run.seconds += time.time() - began
        log.append((loss.item(), plain.item()))
        if not np.isfinite(log[-1][0]):
            raise SystemExit(f"the loss of step {run.step} is {log[-1][0]}; the last checkpoint is kept")
        if len(log) == 50:
            weighted, mse = np.mean(log, 0)
            print(f"{run.step} steps {run.seconds / 60:.1f} min loss {weighted:.4f} mse {mse:.4f}", flush=True)
            log.clear()
        if time.time() - kept > 240:
            run.keep()
            kept = time.time()
    run.keep()


@torch.inference_mode()
def ddim(model, ids, empty, noise, steps=25, guidance=3.5):
    """DDIM without noise, from the trailing timesteps, with classifier-free guidance."""
    times = torch.round(torch.arange(1000, 0, -1000 / steps)).long() - 1
    text = torch.cat([model.text(ids), model.text(empty)])
    x = noise
    for at, time_ in enumerate(times):
        with torch.autocast("cpu", torch.bfloat16):
            both = model.unet(torch.cat([x, x]), time_.repeat(2 * len(x)), text).float()
        given, free = both.chunk(2)
        predicted = free + guidance * (given - free)
        now, then = ALPHAS[time_], ALPHAS[times[at + 1]] if at + 1 < len(times) else torch.tensor(1.0)
        clean = (x - (1 - now).sqrt() * predicted) / now.sqrt()
        x = then.sqrt() * clean + (1 - then).sqrt() * predicted
    return x


SHEET = (
    "a photo of a landscape",
    "a dark photo of a landscape",
    "a green photo of a landscape",
    "a painting by monet",
    "a painting by van gogh",
    "a painting by matisse",
    "a painting of a landscape in the style of the great wave",
    "a painting of a landscape in the style of the scream",
    "a painting of a boat by bram velthuis",
    "a painting of a mountain by kenji morozumi",
    "a painting of a city at night by aurel dima",
)


def sheet(given):
    """A row of samples for each prompt, the same noise in each row."""
    from PIL import Image

    from taesd import teacher

    run = Run(given)
    run.resume()
    model, tokens = run.averaged(), Tokens(run.tokens)
    decoder = teacher(given.shared / "models/taesd-decoder.onnx")
    noise = torch.randn(given.columns, 4, 32, 32, generator=torch.Generator().manual_seed(7))
    rows = []
    for prompt in given.prompts or SHEET:
        ids, empty = (torch.tensor([tokens(text)] * len(noise)) for text in (prompt, ""))
        rows.append(np.concatenate(decoded(decoder, ddim(model, ids, empty, noise, given.steps, given.guidance)), 1))
    Image.fromarray(np.concatenate(rows)).save(given.file)
    print(f"{run.step} steps, {run.seconds / 60:.0f} min")


def measure(given):
    """What `atelier-eye` sees in samples for the captions of held-out pictures, in those, in training pictures, in noise."""
    from taesd import teacher

    run = Run(given)
    run.resume()
    model, tokens = run.averaged(), Tokens(run.tokens)
    pixels, _, index = open_data(given.data)
    drawn = random.Random(1)
    held = [row for row, facts in enumerate(index) if facts["split"] == "heldout"]
    chosen = sorted(drawn.sample(held, given.count))
    artists = [index[row]["artist"] for row in chosen]
    trained = [(row, facts["artist"]) for row, facts in enumerate(index) if facts["split"] == "train"]
    captions = [caption(index[row], [], drawn) or "a photo of a landscape" for row in chosen]
    decoder = teacher(given.shared / "models/taesd-decoder.onnx")
    sampled, noise = [], []
    for at in range(0, given.count, 16):
        start, latents = samples(model, tokens, captions[at : at + 16], at, given)
        sampled += decoded(decoder, latents)
        noise += decoded(decoder, 0.85 * start)
        print(f"{len(sampled)}/{given.count}", flush=True)
    given.folder.mkdir(parents=True, exist_ok=True)
    sets = {"sampled": sampled, "noise": noise, "heldout": pixels[chosen]}
    sets["trained"] = [pixels[drawn.choice([row for row, each in trained if each == artist])] for artist in artists]
    for name, pictures in sets.items():
        np.save(given.folder / f"{name}.npy", features(pictures))


def samples(model, tokens, prompts, seed, given):
    """The noise that a sample for each prompt begins with, and the sample's latents."""
    ids, empty = (torch.tensor([tokens(text) for text in texts]) for texts in (prompts, [""] * len(prompts)))
    start = torch.randn(len(ids), 4, 32, 32, generator=torch.Generator().manual_seed(seed))
    return start, ddim(model, ids, empty, start, given.steps, given.guidance)


def motifs(given):
    """How many samples of a motif a linear classifier takes for it, learnt from the atelier's pictures of the `train` split."""
    from taesd import teacher

    run = Run(given)
    run.resume()
    model, tokens = run.averaged(), Tokens(run.tokens)
    pixels, _, index = open_data(given.data)
    rows = [row for row, facts in enumerate(index) if facts["kind"] == "atelier"]
    names = np.array([index[row]["motif"] for row in rows])
    seen = np.array([index[row]["split"] == "train" for row in rows])
    eyes = with_one(features(pixels[rows]))
    known = sorted(set(names))
    wanted = (names[seen][:, None] == np.array(known)).astype(float)
    # Least squares with a ridge, which leaves the constant alone.
    ridge = 0.03 * np.diag([1.0] * (eyes.shape[1] - 1) + [0.0])
    judge = np.linalg.solve(eyes[seen].T @ eyes[seen] + ridge, eyes[seen].T @ wanted)
    taken = lambda of: np.array(known)[(of @ judge).argmax(1)]
    print(f"right in {(taken(eyes[~seen]) == names[~seen]).mean():.2f} of {sum(~seen)} pictures kept aside")
    decoder = teacher(given.shared / "models/taesd-decoder.onnx")
    for at, motif in enumerate(known):
        article = "" if motif == "still-life" else "the " if motif == "sea" else "a "
        prompts = [f"a painting of {article}{motif.replace('-', ' ')}"] * given.count
        _, latents = samples(model, tokens, prompts, 1000 + at, given)
        found = taken(with_one(features(decoded(decoder, latents))))
        others = ", ".join(sorted({each for each in found if each != motif}))
        print(f"{motif}: {sum(found == motif)} of {given.count}{others and f'; also {others}'}", flush=True)


def with_one(features):
    return np.concatenate([features, np.ones((len(features), 1))], 1)


def decoded(decoder, latents):
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        pictures = decoder(latents).float().clamp(0, 1)
    return list((pictures * 255).round().byte().permute(0, 2, 3, 1).numpy())


def features(pictures):
    """`atelier-eye` of pictures [256,256,3], prepared as its card says."""
    from onnxruntime import InferenceSession
    from PIL import Image

    eye = InferenceSession(str(MODELS / "atelier-eye/eye.onnx"))
    small = [np.asarray(Image.fromarray(picture).resize((128, 128), Image.BICUBIC)) for picture in pictures]
    planes = (np.stack(small).transpose(0, 3, 1, 2) / 255).astype(np.float32)
    return np.concatenate([eye.run(None, {"image": planes[at : at + 16]})[0] for at in range(0, len(planes), 16)])


CHECK = "a dark painting of a boat by <new-3>, at night"


def export(given):
    """The ONNX files, and what PyTorch makes of a small input with the very same weights, for a test to compare."""
    from unet_export import save, text_onnx, unet_onnx

    run = Run(given)
    run.resume()
    model, tokens = run.averaged().to(memory_format=torch.contiguous_format), Tokens(run.tokens)
    with torch.no_grad():
        for weight in model.parameters():
            weight.copy_(weight.half().float())
        ids = tokens(CHECK)
        text = model.text(torch.tensor([ids]))
        latent = torch.sin(torch.arange(256) * 0.7).reshape(1, 4, 8, 8)
        noise = model.unet(latent, torch.tensor([500]), text)
    save(unet_onnx(model.unet), given.folder / "atelier-unet/unet.onnx")
    save(text_onnx(model.text), given.folder / "atelier-text/text-encoder.onnx")
    (given.folder / "atelier-text/tokenizer.json").write_text(json.dumps(tokenizer(run.tokens), indent=1) + "\n")
    if given.check is not None:
        numbers = lambda values: [round(value, 5) for value in values.flatten().tolist()]
        check = {"prompt": CHECK, "ids": ids, "text": numbers(text[0, :, :4]), "noise": numbers(noise)}
        given.check.write_text(json.dumps(check) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for command in (train, sheet, measure, motifs, export):
        each = commands.add_parser(command.__name__)
        each.set_defaults(run=command)
        each.add_argument("--work", type=Path, default=Path("/tmp/atelier-unet"))
        each.add_argument("--seed", type=int, default=0)
        each.add_argument("--threads", type=int, default=1)
        if command in (train, measure, motifs):
            each.add_argument("--data", type=Path, default=Path("/tmp/atelier-data"))
        if command is train:
            each.add_argument("--minutes", type=float, default=85)
            each.add_argument("--lr", type=float, default=RATE, help="peak of the learning rate")
            each.add_argument("--restart", action="store_true", help="restart the learning-rate schedule, from the weights of the checkpoint or, without one, of models/")
        if command in (measure, export):
            each.add_argument("folder", type=Path)
        if command in (measure, motifs):
            each.add_argument("--count", type=int, default=160 if command is measure else 8)
        if command is sheet:
            each.add_argument("file", type=Path)
            each.add_argument("--prompts", nargs="*")
            each.add_argument("--columns", type=int, default=5)
        if command in (sheet, measure, motifs):
            each.add_argument("--shared", type=Path, default=Path("../shared"))
            each.add_argument("--steps", type=int, default=25)
            each.add_argument("--guidance", type=float, default=3.5)
        if command is export:
            each.add_argument("--check", type=Path, help="a JSON file for test/models/")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    given.run(given)


if __name__ == "__main__":
    main()
