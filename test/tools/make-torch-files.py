"""Small files by torch.save, in both of its formats, and one with code in it: test/networks/golden/torch-files/.

    VENV/bin/python test/tools/make-torch-files.py
"""

import collections
from pathlib import Path

import torch

FOLDER = Path(__file__).resolve().parent.parent / "networks" / "golden" / "torch-files"


class Trainer:
    """Something that a training leaves in its checkpoint, and that only its own program can rebuild."""

    def __reduce__(self):
        return (print, ("a pickle can run code",))


def state():
    base = torch.arange(12, dtype=torch.float32).reshape(3, 4) / 8
    return collections.OrderedDict(
        {
            "a.weight": torch.nn.Parameter(base),
            "a.rows": base[1:],
            "half": torch.tensor([0.5, -2.0, 65504.0]).half(),
            "brain": torch.tensor([[1.0], [-2.5]]).bfloat16(),
            "count": torch.tensor(7),
            "none": torch.zeros(0, 4),
        }
    )


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, zipped in (("zipped", True), ("legacy", False)):
        torch.save(state(), FOLDER / f"{name}.pth", _use_new_zipfile_serialization=zipped)
    torch.save({"state_dict": state(), "epoch": 3, "loss": 0.25, "name": "x"}, FOLDER / "training.ckpt")
    torch.save({"state_dict": state(), "callbacks": Trainer()}, FOLDER / "code.ckpt")
    torch.save({"w": torch.arange(6.0).reshape(2, 3).t()}, FOLDER / "turned.pth")
    torch.save(state(), FOLDER / "protocol5.pth", pickle_protocol=5)
