"""Stable Diffusion 1 and 2 in small as one file under the original names: shapes, and what diffusers makes of such a file.

    VENV/bin/python test/tools/make-single-file-goldens.py

Weights come by formula from the names (test/networks/formula.ts), go through diffusers' own conversion of such files, and
must load without a name left over.
"""

import importlib.util
import json
from pathlib import Path

import diffusers
import torch
import transformers
from diffusers.loaders import single_file_utils as convert

spec = importlib.util.spec_from_file_location("goldens", Path(__file__).with_name("make-network-goldens.py"))
goldens = importlib.util.module_from_spec(spec)
spec.loader.exec_module(goldens)


def resnet(path, into, to, time, names=("in_layers.0", "in_layers.2", "out_layers.0", "out_layers.3", "skip_connection")):
    norm1, conv1, norm2, conv2, shortcut = names
    shapes = {f"{path}.{norm1}": (into,), f"{path}.{conv1}": (to, into, 3, 3), f"{path}.{norm2}": (to,), f"{path}.{conv2}": (to, to, 3, 3)}
    if time:
        shapes[f"{path}.emb_layers.1"] = (to, time)
    if into != to:
        shapes[f"{path}.{shortcut}"] = (to, into, 1, 1)
    return shapes


def transformer(path, width, text, linear):
    side = () if linear else (1, 1)
    shapes = {f"{path}.norm": (width,), f"{path}.proj_in": (width, width, *side), f"{path}.proj_out": (width, width, *side)}
    block = f"{path}.transformer_blocks.0"
    for i in (1, 2, 3):
        shapes[f"{block}.norm{i}"] = (width,)
    for name, source in (("attn1", width), ("attn2", text)):
        shapes[f"{block}.{name}.to_q!"] = (width, width)
        shapes[f"{block}.{name}.to_k!"] = (width, source)
        shapes[f"{block}.{name}.to_v!"] = (width, source)
        shapes[f"{block}.{name}.to_out.0"] = (width, width)
    shapes[f"{block}.ff.net.0.proj"] = (8 * width, width)
    shapes[f"{block}.ff.net.2"] = (width, 4 * width)
    return shapes


def unet_shapes(widths, text, linear):
    time = 4 * widths[0]
    shapes = {"time_embed.0": (time, widths[0]), "time_embed.2": (time, time), "input_blocks.0.0": (widths[0], 4, 3, 3)}
    kept, width, last = [widths[0]], widths[0], len(widths) - 1
    for b, to in enumerate(widths):
        for j in range(2):
            at = f"input_blocks.{3 * b + j + 1}"
            shapes |= resnet(f"{at}.0", width, to, time)
            width = to
            if b < last:
                shapes |= transformer(f"{at}.1", to, text, linear)
            kept.append(to)
        if b < last:
            shapes[f"input_blocks.{3 * b + 3}.0.op"] = (to, to, 3, 3)
            kept.append(to)
    shapes |= resnet("middle_block.0", width, width, time) | transformer("middle_block.1", width, text, linear)
    shapes |= resnet("middle_block.2", width, width, time)
    for b, to in enumerate(reversed(widths)):
        for j in range(3):
            at = f"output_blocks.{3 * b + j}"
            shapes |= resnet(f"{at}.0", width + kept.pop(), to, time)
            width = to
            if b > 0:
                shapes |= transformer(f"{at}.1", to, text, linear)
            if j == 2 and b < last:
                shapes[f"{at}.{2 if b > 0 else 1}.conv"] = (to, to, 3, 3)
    return shapes | {"out.0": (widths[0],), "out.2": (4, widths[0], 3, 3)}


def vae_shapes(widths):
    names = ("norm1", "conv1", "norm2", "conv2", "nin_shortcut")
    shapes, last = {"quant_conv": (8, 8, 1, 1), "post_quant_conv": (4, 4, 1, 1)}, len(widths) - 1

    def middle(half, width):
        made = resnet(f"{half}.mid.block_1", width, width, 0, names) | resnet(f"{half}.mid.block_2", width, width, 0, names)
        made[f"{half}.mid.attn_1.norm"] = (width,)
        for name in ("q", "k", "v", "proj_out"):
            made[f"{half}.mid.attn_1.{name}"] = (width, width, 1, 1)
        return made

    shapes["encoder.conv_in"] = (widths[0], 3, 3, 3)
    width = widths[0]
    for i, to in enumerate(widths):
        for j in range(2):
            shapes |= resnet(f"encoder.down.{i}.block.{j}", width, to, 0, names)
            width = to
        if i < last:
            shapes[f"encoder.down.{i}.downsample.conv"] = (to, to, 3, 3)
    shapes |= middle("encoder", width) | {"encoder.norm_out": (width,), "encoder.conv_out": (8, width, 3, 3)}
    shapes |= {"decoder.conv_in": (width, 4, 3, 3)} | middle("decoder", width)
    for i, to in reversed(list(enumerate(widths))):
        for j in range(3):
            shapes |= resnet(f"decoder.up.{i}.block.{j}", width, to, 0, names)
            width = to
        if i > 0:
            shapes[f"decoder.up.{i}.upsample.conv"] = (to, to, 3, 3)
    return shapes | {"decoder.norm_out": (width,), "decoder.conv_out": (3, width, 3, 3)}


def open_clip_shapes(width, layers):
    shapes = {"token_embedding.": (99, width), "ln_final": (width,)}
    plain = {"positional_embedding": (77, width)}
    for i in range(layers):
        at = f"transformer.resblocks.{i}"
        shapes |= {f"{at}.ln_1": (width,), f"{at}.ln_2": (width,), f"{at}.attn.out_proj": (width, width)}
        shapes |= {f"{at}.mlp.c_fc": (2 * width, width), f"{at}.mlp.c_proj": (width, 2 * width)}
        plain |= {f"{at}.attn.in_proj_weight": (3 * width, width), f"{at}.attn.in_proj_bias": (3 * width,)}
    return named(shapes) | plain


def named(shapes):
    """Each layer has a weight and a bias, the bias as long as the weight has rows; `!` and `.` at the end: none."""
    made = {}
    for path, shape in shapes.items():
        made[f"{path.rstrip('!.')}.weight"] = shape
        if path[-1] not in "!.":
            made[f"{path}.bias"] = shape[:1]
    return made


def checkpoint(shapes):
    return goldens.by_formula({name: torch.zeros(shape) for name, shape in shapes.items()})


def under(prefix, shapes):
    return {prefix + name: shape for name, shape in shapes.items()}


def single_file(case, version):
    linear, widths, text_width, layers = version == 2, (64, 64, 64) if version == 2 else (8, 8, 16), 64, 3
    groups = 32 if version == 2 else 8
    shapes = under("model.diffusion_model.", named(unet_shapes(widths, text_width, linear)))
    shapes |= under("first_stage_model.", named(vae_shapes((4, 8))))
    text_config = transformers.CLIPTextConfig(
        vocab_size=99, hidden_size=text_width, intermediate_size=2 * text_width, num_hidden_layers=layers, num_attention_heads=1,
        hidden_act="gelu" if version == 2 else "quick_gelu", bos_token_id=97, eos_token_id=98)
    text = transformers.CLIPTextModel(text_config)
    if version == 2:
        shapes |= under("cond_stage_model.model.", open_clip_shapes(text_width, layers + 1))
    else:
        plain = {k if k.startswith("text_model.") else f"text_model.{k}": v.shape for k, v in text.state_dict().items() if v.is_floating_point()}
        shapes |= under("cond_stage_model.transformer.", plain)
    state = checkpoint(shapes)

    unet = diffusers.UNet2DConditionModel(
        block_out_channels=widths, layers_per_block=2, norm_num_groups=groups, cross_attention_dim=text_width,
        attention_head_dim=1 if version == 2 else 8, use_linear_projection=linear,
        down_block_types=("CrossAttnDownBlock2D",) * 2 + ("DownBlock2D",), up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * 2)
    unet.load_state_dict(convert.convert_ldm_unet_checkpoint(dict(state), unet.config))
    vae = diffusers.AutoencoderKL(
        block_out_channels=(4, 8), layers_per_block=2, norm_num_groups=4, down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2)
    vae.load_state_dict(convert.convert_ldm_vae_checkpoint(dict(state), vae.config))
    made = (convert.convert_open_clip_checkpoint(text, dict(state)) if version == 2
            else convert.convert_ldm_clip_checkpoint(dict(state)))
    own = text.state_dict()
    fits = {k if k in own else k.removeprefix("text_model."): v for k, v in made.items()}
    text.load_state_dict({k: v for k, v in fits.items() if k in own})
    ids = torch.tensor([[97, *range(20), *[98] * 56]])
    sample, words = 2 * goldens.formula(1000, 1, 4, 8, 8).float(), 2 * goldens.formula(1001, 1, 77, text_width).float()
    image = 2 * goldens.formula(1002, 1, 3, 16, 16).float()
    with torch.no_grad():
        outputs = {
            "out_sample": unet.eval()(sample, torch.tensor([300.0]), words).sample,
            "latent_parameters": vae.eval().encode(image).latent_dist.parameters,
            "sample": vae.decode(sample).sample,
            "last_hidden_state": text.eval()(input_ids=ids).last_hidden_state,
        }
    goldens.write(case, {"input_ids": ids}, outputs)
    (goldens.GOLDEN / case / "shapes.json").write_text(json.dumps({k: list(v) for k, v in sorted(shapes.items())}))


if __name__ == "__main__":
    single_file("single-file-1", 1)
    single_file("single-file-2", 2)
