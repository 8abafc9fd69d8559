"""Gathers the training pictures once: python training/data.py [--shared FOLDER] [--out FOLDER]

Writes to the folder (default /tmp/atelier-data), N pictures in one order:

    pixels.u8    np.memmap uint8 [N,256,256,3], RGB
    latents.f16  np.memmap float16 [N,4,32,32], TAESD's latents of them, as the U-Net takes them (scaled by 0.18215)
    index.csv    one line a picture: row, split, kind, artist, name, motif, title, caption, source
    README       this text

`artist` is who made it (photograph, monet, van-gogh, ..., zielony, great-wave, the-scream), `kind` one of photograph,
painting, atelier, style-transfer. Several rows may be views of one painting; they share `source` and split.

Splits, decided here for every training and by the hash of `source` alone:

    train    what networks see
    heldout  the same artists, other pictures: 5 % of the photographs, about 20 Monets, 2 or 3 paintings of each painter,
             a tenth of the atelier's and of the style transfer's
    unseen   artists that no network ever sees, for tests of mimicry: Canaletto, Signac, Zielony, Halvorsen

The paintings of `umass/` and the photographs of `kodak/` are in no split: they are for tests only.
"""

import argparse
import csv
import hashlib
import json
import subprocess
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from PIL import Image

from taesd import pixels_of, teacher

SIDE = 256
UNSEEN = ("canaletto", "signac", "zielony", "halvorsen")
ATELIER_COUNT = 1800
STYLED_COUNT = 150
HELDOUT = {"photograph": 0.05, "painting": 0.22, "monet-256": 0.08, "atelier": 0.1}
FIELDS = ("row", "split", "kind", "artist", "name", "motif", "title", "caption", "source")


def chance(*words):
    """A number in 0..1 that depends on the words alone."""
    return int(hashlib.sha256("/".join(words).encode()).hexdigest()[:12], 16) / 16**12


def split_of(kind, artist, source):
    if artist in UNSEEN:
        return "unseen"
    share = HELDOUT.get(source.split("/")[0], HELDOUT.get(kind, 0))
    return "heldout" if chance("split", source) < share else "train"


def views(picture):
    """A painting of 512 px as six pictures of 256 px: all of it, four corners of three quarters, its centre at full size."""
    width, height = picture.size
    if (width, height) == (SIDE, SIDE):
        return [picture]
    side = min(width, height)
    near, far = 0, side - side * 3 // 4
    three = side * 3 // 4
    middle = (side - SIDE) // 2
    boxes = [(0, 0, side, side)]
    boxes += [(x, y, x + three, y + three) for x in (near, far) for y in (near, far)]
    boxes += [(middle, middle, middle + SIDE, middle + SIDE)]
    return [picture.resize((SIDE, SIDE), Image.LANCZOS, box=box) for box in boxes]


def collected(images):
    """Photographs, Monets and other painters: (facts, pixels) of each."""
    with open(images / "index.csv", newline="") as file:
        listed = list(csv.DictReader(file))
    for line in listed:
        top, *rest = line["path"].split("/")
        if top not in ("landscapes-256", "monet-256", "artists"):
            continue
        photo = top == "landscapes-256"
        artist = "photograph" if photo else "monet" if top == "monet-256" else rest[0]
        caption = "a photo of a landscape" if photo else f"a painting by {line['artist'].lower()}"
        facts = {
            "kind": "photograph" if photo else "painting",
            "artist": artist,
            "name": line["artist"],
            "motif": "landscape" if photo else "",
            "title": line["title"],
            "caption": caption,
            "source": line["path"],
        }
        for view in views(Image.open(images / line["path"]).convert("RGB")):
            yield facts, np.asarray(view)


def painted(folder):
    """The atelier's pictures, painted by `paint.mjs` in as many parts as there are."""
    if not folder.exists():
        script = Path(__file__).with_name("paint.mjs")
        subprocess.run(["node", script, folder, str(ATELIER_COUNT)], check=True)
    for part in sorted(folder.glob("*.jsonl")):
        pixels = np.memmap(part.with_suffix(".u8"), np.uint8, "r").reshape(-1, SIDE, SIDE, 3)
        lines = part.read_text().splitlines()
        for line, picture in zip(lines, pixels, strict=True):
            made = json.loads(line)
            facts = {
                "kind": "atelier",
                "artist": made["painter"],
                "name": made["artist"],
                "motif": made["motif"],
                "title": "",
                "caption": made["caption"],
                "source": f"atelier/{made['id']}",
            }
            yield facts, picture


def styled(models, photographs):
    """Photographs as two style-transfer networks render them; held out where the photograph is."""
    for artist in ("great-wave", "the-scream"):
        network = onnxruntime.InferenceSession(str(models / f"style-{artist}.onnx"))
        chosen = sorted(photographs, key=lambda item: chance(artist, item[0]["source"]))[:STYLED_COUNT]
        for facts, picture in chosen:
            given = picture.transpose(2, 0, 1)[None].astype(np.float32) / 255
            made = network.run(None, {"image": given})[0][0].transpose(1, 2, 0)
            yield (
                {
                    **facts,
                    "kind": "style-transfer",
                    "artist": artist,
                    "name": artist.replace("-", " "),
                    "caption": f"a painting of a landscape in the style of {artist.replace('-', ' ')}",
                },
                np.clip(np.rint(made * 255), 0, 255).astype(np.uint8),
            )


def write(out, items):
    with open(out / "index.csv", "w", newline="") as file, open(out / "pixels.u8", "wb") as pixels:
        table = csv.DictWriter(file, FIELDS)
        table.writeheader()
        for row, (facts, picture) in enumerate(items):
            split = split_of("photograph" if facts["kind"] == "style-transfer" else facts["kind"], facts["artist"], facts["source"])
            table.writerow({"row": row, "split": split, **facts})
            pixels.write(np.ascontiguousarray(picture).tobytes())


def encode(out, models, batch=8):
    """TAESD's latents. Its weights fit bfloat16 exactly; activations in it change a latent by about 1 % of its spread."""
    pixels = np.memmap(out / "pixels.u8", np.uint8, "r").reshape(-1, SIDE, SIDE, 3)
    latents = np.memmap(out / "latents.part", np.float16, "w+", shape=(len(pixels), 4, SIDE // 8, SIDE // 8))
    network = teacher(models / "taesd-encoder.onnx")
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        for at in range(0, len(pixels), batch):
            latents[at : at + batch] = network(pixels_of(pixels[at : at + batch])).float().numpy()
            if at % 400 == 0:
                print(f"latents {at}/{len(pixels)}", flush=True)
    latents.flush()
    (out / "latents.part").rename(out / "latents.f16")


def open_data(folder):
    """What `main` wrote: pixels, latents, and the lines of the index."""
    folder = Path(folder)
    with open(folder / "index.csv", newline="") as file:
        index = list(csv.DictReader(file))
    pixels = np.memmap(folder / "pixels.u8", np.uint8, "r", shape=(len(index), SIDE, SIDE, 3))
    latents = np.memmap(folder / "latents.f16", np.float16, "r", shape=(len(index), 4, SIDE // 8, SIDE // 8))
    return pixels, latents, index


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--out", type=Path, default=Path("/tmp/atelier-data"))
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "README").write_text(__doc__)

    items = list(collected(given.shared / "images"))
    photographs = [item for item in items if item[0]["kind"] == "photograph"]
    items += list(painted(given.out / "painted"))
    items += list(styled(given.shared / "models", photographs))
    write(given.out, items)
    encode(given.out, given.shared / "models")


if __name__ == "__main__":
    main()
