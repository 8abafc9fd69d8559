"""What diffusers gives for the golden U-Net and text encoder with LoRA files loaded by `load_lora_weights`.

    VENV/bin/python test/tools/make-lora-goldens.py

Writes test/networks/golden/lora/: `kohya.safetensors` (U-Net and text encoder, convolutions, one rank and alpha),
`mixed.safetensors` (own rank and alpha a layer), `diffusers.safetensors` (PEFT's names), and `outputs.safetensors`.
diffusers takes the most frequent alpha for layers whose alphas differ; the outputs under `mixed` are therefore those of
weights merged by kohya's definition, W + alpha / rank B A.
"""

from pathlib import Path

import diffusers
import torch
import transformers
from safetensors.torch import load_file, save_file

GOLDEN = Path(__file__).resolve().parent.parent / "networks" / "golden"


def pairs(model, wanted, seed, mixed):
    generator = torch.Generator().manual_seed(seed)
    made = {}
    for i, (name, module) in enumerate(model.named_modules()):
        if not hasattr(module, "weight") or not wanted(name):
            continue
        rank, (to, into, *window) = 1 + i % 2 if mixed else 2, module.weight.shape
        down, up = (rank, into, *window), (to, rank, *[1 for _ in window])
        spread = 0.7 / torch.Size((into, *window)).numel() ** 0.5
        made[name] = (torch.randn(down, generator=generator) * spread, torch.randn(up, generator=generator) * 0.7, 0.5 + i % 3 if mixed else 1.5)
    return made


def attended(name):
    return name.endswith(("to_q", "to_k", "to_v", "to_out.0", "proj_in", "conv1", "ff.net.2"))


def clip_layer(name):
    return name.endswith(("q_proj", "v_proj", "out_proj", "fc1"))


def as_kohya(unet, text):
    made = {}
    for prefix, found in (("lora_unet_", unet), ("lora_te_", text)):
        for name, (down, up, alpha) in found.items():
            full = name if prefix == "lora_unet_" or name.startswith("text_model") else f"text_model.{name}"
            key = prefix + full.replace(".", "_")
            made |= {f"{key}.lora_down.weight": down, f"{key}.lora_up.weight": up, f"{key}.alpha": torch.tensor(float(alpha))}
    return made


def pipeline():
    unet = diffusers.UNet2DConditionModel.from_pretrained(GOLDEN / "unet-sd1").float().eval()
    text = transformers.CLIPTextModel.from_pretrained(GOLDEN / "clip-text").float().eval()
    vae = diffusers.AutoencoderKL.from_pretrained(GOLDEN / "vae-sd").float()
    return diffusers.StableDiffusionPipeline(vae, text, None, unet, diffusers.DDIMScheduler(), None, None, requires_safety_checker=False)


def merged(model, found):
    modules = dict(model.named_modules())
    with torch.no_grad():
        for name, (down, up, alpha) in found.items():
            weight = modules[name].weight
            weight += alpha / down.shape[0] * (up.flatten(1) @ down.flatten(1)).reshape(weight.shape)


def outputs(pipe, prefix):
    given = load_file(GOLDEN / "unet-sd1" / "inputs.safetensors")
    ids = load_file(GOLDEN / "clip-text" / "inputs.safetensors")["input_ids"]
    with torch.no_grad():
        noise = pipe.unet(given["sample"], given["timestep"], given["encoder_hidden_states"]).sample
        states = pipe.text_encoder(input_ids=ids).last_hidden_state
    return {f"{prefix}.noise": noise.contiguous(), f"{prefix}.text": states.contiguous()}


if __name__ == "__main__":
    (GOLDEN / "lora").mkdir(exist_ok=True)
    pipe, found = pipeline(), {}
    for name in ("mixed", "kohya"):
        unet, text = (pairs(*each, name == "mixed") for each in ((pipe.unet, attended, 1), (pipe.text_encoder, clip_layer, 2)))
        save_file(as_kohya(unet, text), GOLDEN / "lora" / f"{name}.safetensors")
        if name == "mixed":
            merged(pipe.unet, unet)
            merged(pipe.text_encoder, text)
            found |= outputs(pipe, name)
    attention = {k: v for k, v in unet.items() if k.endswith(("to_q", "to_k", "to_v", "to_out.0"))}
    peft = {}
    for name, (down, up, _) in attention.items():
        peft |= {f"unet.{name}.lora_A.weight": down[:1].contiguous(), f"unet.{name}.lora_B.weight": up[:, :1].contiguous()}
    save_file(peft, GOLDEN / "lora" / "diffusers.safetensors")
    for name in ("kohya", "diffusers"):
        pipe = pipeline()
        pipe.load_lora_weights(GOLDEN / "lora", weight_name=f"{name}.safetensors")
        found |= outputs(pipe, name)
    save_file(found, GOLDEN / "lora" / "outputs.safetensors")
    print({name: list(value.shape) for name, value in found.items()})
