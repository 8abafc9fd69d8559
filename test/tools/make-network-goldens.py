"""Small networks of the classes that checkpoints are published for, saved by their own `save_pretrained`, and what they give.

    python -m venv VENV && VENV/bin/pip install torch torchvision diffusers transformers safetensors lpips peft
    VENV/bin/python test/tools/make-network-goldens.py

Writes test/networks/golden/<case>/: the folder as the library saves it, `inputs.safetensors`, and `outputs.safetensors`
with outputs, and gradients of sum(output * cotangent) by inputs as `grad.<input>`. Weights are rounded to float16 or
bfloat16 before anything is computed, so that half precision at rest is tested and files stay small.
"""

import json
import shutil
import sys
from pathlib import Path

import diffusers
import torch
import transformers
from safetensors.torch import save_file

GOLDEN = Path(__file__).resolve().parent.parent / "networks" / "golden"
HALF = {"float16": torch.float16, "bfloat16": torch.bfloat16}


def randomised(model, seed):
    """Weights that are neither zero nor tiny, so that every path of the network counts."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            fan = max(1, parameter[0].numel()) if parameter.dim() > 1 else 1
            norm = parameter.dim() == 1 and name.endswith("weight")
            parameter.copy_(1 + 0.1 * noise if norm else 0.1 * noise if parameter.dim() == 1 else noise / fan**0.5)
    return model.eval()


def rounded(model, dtype):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.to(dtype).float())
    return model


def write(case, inputs, outputs, gradients=None):
    folder = GOLDEN / case
    folder.mkdir(parents=True, exist_ok=True)
    plain = lambda named: {k: v.detach().contiguous() for k, v in named.items()}
    save_file(plain(inputs), folder / "inputs.safetensors")
    save_file(plain({**outputs, **{f"grad.{k}": v for k, v in (gradients or {}).items()}}), folder / "outputs.safetensors")


def differentiated(run, inputs, wrt):
    """Outputs, and gradients of their sum weighted by cosines of the index, which the tests compute themselves."""
    leaves = {k: v.clone().requires_grad_(k in wrt) for k, v in inputs.items()}
    outputs = run(**leaves)
    loss = sum((v * torch.cos(torch.arange(v.numel(), dtype=torch.float32)).reshape(v.shape)).sum() for v in outputs.values())
    loss.backward()
    return outputs, {k: leaves[k].grad for k in wrt}


def noise(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def save(model, case, dtype, **options):
    folder = GOLDEN / case
    shutil.rmtree(folder, ignore_errors=True)
    precise = {k: v for k, v in model.state_dict().items()}
    model.to(HALF.get(dtype, torch.float32)).save_pretrained(folder, **options)
    model.float().load_state_dict(precise)
    return model


def vae(case, dtype, encoder=True, decoder=True, **config):
    widths = config.pop("block_out_channels", (4, 8))
    made = diffusers.AutoencoderKL(
        block_out_channels=widths, layers_per_block=1, norm_num_groups=2, latent_channels=4, sample_size=32,
        down_block_types=("DownEncoderBlock2D",) * len(widths), up_block_types=("UpDecoderBlock2D",) * len(widths),
        **config)
    model = save(rounded(randomised(made, 1), HALF.get(dtype, torch.float32)), case, dtype)

    def run(sample, latent_sample):
        moments = model.encode(sample).latent_dist.parameters
        return {"latent_parameters": moments, "sample": model.decode(latent_sample).sample}

    latents = config.get("latent_channels", 4)
    inputs = {"sample": noise(2, 2, 3, 16, 24).clamp(-1, 1), "latent_sample": noise(3, 2, latents, 4, 6)}
    write(case, inputs, *differentiated(run, inputs, ["sample", "latent_sample"]))


def unet(case, dtype, extra=None, **config):
    made = diffusers.UNet2DConditionModel(
        block_out_channels=(4, 8), layers_per_block=1, norm_num_groups=2, sample_size=8,
        **{"cross_attention_dim": 8, "attention_head_dim": 2,
           "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
           "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"), **config})
    model = save(rounded(randomised(made, 1), HALF.get(dtype, torch.float32)), case, dtype)

    def run(sample, timestep, encoder_hidden_states, class_labels=None, **added):
        out = model(sample, timestep, encoder_hidden_states, class_labels=class_labels, added_cond_kwargs=added or None)
        return {"out_sample": out.sample}

    inputs = {
        "sample": noise(2, 2, made.config.in_channels, 8, 12),
        "timestep": torch.tensor([7.0, 801.0]),
        "encoder_hidden_states": noise(3, 2, 5, 8),
        **(extra or {}),
    }
    write(case, inputs, *differentiated(run, inputs, ["sample", "encoder_hidden_states"]))


def clip_text(case, dtype, cls=transformers.CLIPTextModel, **config):
    made = cls(transformers.CLIPTextConfig(**{
        "vocab_size": 99, "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2,
        "max_position_embeddings": 77, "projection_dim": 12, "bos_token_id": 97, "eos_token_id": 98, **config}))
    model = save(rounded(randomised(made, 1), HALF.get(dtype, torch.float32)), case, dtype)
    ids = torch.randint(0, 97, (2, 77), generator=torch.Generator().manual_seed(4))
    ids[0, 9], ids[1, 30] = 98, 98
    ids[0, 40] = 98
    out = model(input_ids=ids, output_hidden_states=True)
    outputs = {"last_hidden_state": out.last_hidden_state, "penultimate": out.hidden_states[-2]}
    if hasattr(out, "text_embeds"):
        outputs["text_embeds"] = out.text_embeds
    write(case, {"input_ids": ids}, outputs)


def clip_vision(case, dtype):
    made = transformers.CLIPVisionModelWithProjection(transformers.CLIPVisionConfig(
        hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=16, patch_size=4,
        projection_dim=12))
    model = save(rounded(randomised(made, 1), HALF.get(dtype, torch.float32)), case, dtype)
    inputs = {"pixel_values": noise(2, 2, 3, 16, 16)}
    run = lambda pixel_values: {"image_embeds": model(pixel_values=pixel_values).image_embeds}
    write(case, inputs, *differentiated(run, inputs, ["pixel_values"]))


def formula(k, *shape):
    """Numbers of -0.5..0.5 that test/networks/formula.ts computes too, so that no weights need to be kept."""
    i = torch.arange(torch.Size(shape).numel(), dtype=torch.int64)
    u = ((i * i) % 20011 * 31 + i * 7919 + k * 104729) % 20011
    return (u.double() / 20011 - 0.5).reshape(shape)


def by_formula(state):
    """Weights in the order of their names; counters of batch normalisation stay."""
    made = {}
    for k, name in enumerate(sorted(name for name, value in state.items() if value.is_floating_point())):
        shape = state[name].shape
        u = formula(k, *shape)
        if len(shape) > 1:
            u = u * (12 * 2 / shape[1:].numel()) ** 0.5
        elif name.endswith(("bn.weight", "running_var")):
            u = 1 + u / 2
        else:
            u = u / 5
        made[name] = u.float()
    return {**state, **made}


def sampled(gradient, step):
    return gradient.flatten()[::step]


def lpips_net(case, net):
    import lpips
    import torchvision

    backbone = {"alex": "alexnet", "vgg": "vgg16", "squeeze": "squeezenet1_1"}[net]
    features = {k: v for k, v in getattr(torchvision.models, backbone)().state_dict().items() if k.startswith("features.")}
    made = by_formula(features)
    model = lpips.LPIPS(net=net, version="0.1", pnet_rand=True, verbose=False).eval()
    published = torch.load(Path(lpips.__file__).parent / "weights" / "v0.1" / f"{net}.pth", map_location="cpu")
    # Names and shapes are the published ones, numbers are ours: positive, as those of the package are.
    heads = {name: (formula(2000 + k, *value.shape) + 0.5).float() for k, (name, value) in enumerate(published.items())}
    with torch.no_grad():
        for name, parameter in model.net.named_parameters():
            parameter.copy_(made["features." + name.split(".", 1)[1]])
        for name, parameter in model.named_parameters():
            if name in heads:
                parameter.copy_(heads[name])
    a, b = ((formula(k, 1, 3, 40, 48) + 0.5).float() for k in (1000, 1001))
    a.requires_grad_(True)
    distance = model(a, b, normalize=True)
    distance.sum().backward()
    write(case, {}, {"distance": distance.flatten()}, {"a": sampled(a.grad, 13)})
    path = GOLDEN / case / "heads.pth"
    torch.save(heads, path, _use_new_zipfile_serialization=False)
    # The published files were saved on a GPU, which their readers need not have.
    path.write_bytes(path.read_bytes().replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0"))
    (GOLDEN / case / "shapes.json").write_text(json.dumps({k: list(v.shape) for k, v in sorted(features.items())}))


def inception(case):
    from pytorch_fid import inception as fid

    made = fid.fid_inception_v3
    fid.load_state_dict_from_url = lambda *args, **kwargs: by_formula(fid._inception_v3(num_classes=1008, aux_logits=False, weights=None).state_dict())
    model = fid.InceptionV3([3], resize_input=False, normalize_input=False).eval()
    state = {k: v for k, v in made().state_dict().items() if v.is_floating_point()}

    def run(dtype):
        image = (2 * formula(1000, 1, 3, 299, 299)).float().to(dtype).requires_grad_(True)
        features = model.to(dtype)(image)[0].flatten(1)
        (features * torch.cos(torch.arange(2048.0)).to(dtype)).sum().backward()
        return features, image.grad

    # Some of millions of activations lie at the kink of relu: float32 is off float64 there, and the test allows twice that.
    (_, single), (features, exact) = run(torch.float32), run(torch.float64)
    error = (sampled(single, 7).double() - sampled(exact, 7)).norm() / sampled(exact, 7).norm()
    outputs = {"features": features.float(), "float32.error": error.float().reshape(1)}
    write(case, {}, outputs, {"image": sampled(exact, 7 * 13).float()})
    (GOLDEN / case / "shapes.json").write_text(json.dumps({k: list(v.shape) for k, v in sorted(state.items())}))


def tiny(case):
    made = diffusers.AutoencoderTiny(encoder_block_out_channels=(6, 6, 6, 6), decoder_block_out_channels=(6, 6, 6, 6))
    model = save(rounded(randomised(made, 1), torch.float16), case, "float16")
    run = lambda sample, latents: {"latent_sample": model.encode(sample).latents, "sample": model.decode(latents).sample}
    inputs = {"sample": noise(2, 2, 3, 16, 24).clamp(-1, 1), "latents": noise(3, 2, 4, 4, 6)}
    write(case, inputs, *differentiated(run, inputs, ["sample", "latents"]))


CASES = {
    "taesd": tiny,
    "lpips-alex": lambda c: lpips_net(c, "alex"),
    "lpips-vgg": lambda c: lpips_net(c, "vgg"),
    "lpips-squeeze": lambda c: lpips_net(c, "squeeze"),
    "inception-fid": inception,
    "vae-sd": lambda c: vae(c, "float16", block_out_channels=(2, 4, 4, 6)),
    "vae-sd3": lambda c: vae(c, "bfloat16", use_quant_conv=False, use_post_quant_conv=False, shift_factor=0.06,
                             mid_block_add_attention=False),
    "unet-sd1": lambda c: unet(c, "float16"),
    "unet-sd2": lambda c: unet(c, "bfloat16", attention_head_dim=(2, 4), use_linear_projection=True),
    "unet-xl": lambda c: unet(
        c, "float16", attention_head_dim=(2, 4), use_linear_projection=True, transformer_layers_per_block=(1, 2),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        addition_embed_type="text_time", addition_time_embed_dim=4, projection_class_embeddings_input_dim=10 + 6 * 4,
        extra={"text_embeds": noise(5, 2, 10), "time_ids": torch.tensor([[64.0, 48, 0, 0, 64, 48], [96, 96, 8, 4, 64, 64]])}),
    "unet-x4": lambda c: unet(
        c, "float16", in_channels=7, only_cross_attention=(True, False), use_linear_projection=True, num_class_embeds=50,
        extra={"class_labels": torch.tensor([3, 20])}),
    "clip-text": lambda c: clip_text(c, "float16"),
    "openclip-text": lambda c: clip_text(c, "float16", transformers.CLIPTextModelWithProjection, hidden_act="gelu"),
    "clip-vision": lambda c: clip_vision(c, "float16"),
}


def versions():
    return {"torch": torch.__version__, "diffusers": diffusers.__version__, "transformers": transformers.__version__}


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in sys.argv[1:] or CASES:
        CASES[name](name)
        print(name, sum(f.stat().st_size for f in (GOLDEN / name).rglob("*")), "bytes")
    (GOLDEN / "versions.json").write_text(json.dumps(versions(), indent=2) + "\n")
