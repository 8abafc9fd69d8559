"""The networks of `atelier-unet` and `atelier-text`.

Modules are named as diffusers and transformers name theirs, so that what chooses weights by name (LoRA) finds them:
`down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_q.weight`.
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

TOKENS = 16  # of a caption, begin and end included
TEXT = 128  # channels of a token's embedding
CHANNELS = (64, 128, 192)  # at 1/1, 1/2 and 1/4 of the latent's side
BLOCKS = (1, 1, 1)  # residual blocks on the way down, and on the way up
ATTENTION = (False, True, True)
HEAD = 32
GROUPS = 16
TIME = 256
# Stable Diffusion's schedule: betas scaled linearly; the cumulative product of 1 - beta at each timestep.
BETAS = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
ALPHAS = torch.cumprod(1 - BETAS, 0).float()


class Reshape(torch.autograd.Function):
    """A reshape that is exported as one node: 0 keeps a size, -1 is the rest, None is the size of `like`."""

    @staticmethod
    def forward(ctx, x, like, shape):
        return x.reshape(like.shape if shape is None else [x.shape[i] if s == 0 else s for i, s in enumerate(shape)])

    @staticmethod
    def symbolic(g, x, like, shape):
        sizes = g.op("Shape", like) if shape is None else g.op("Constant", value_t=torch.tensor(shape))
        rank = like.type().dim() if shape is None else len(shape)
        return g.op("Reshape", x, sizes).setType(x.type().with_sizes([None] * rank))


def reshape(x, shape, like=None):
    if torch.onnx.is_in_onnx_export():
        return Reshape.apply(x, x if like is None else like, shape)
    return x.reshape(like.shape if shape is None else [x.shape[i] if s == 0 else s for i, s in enumerate(shape)])


class Attention(nn.Module):
    """Multi-head attention of x [n,t,c] to itself or to a context [n,s,d]."""

    def __init__(self, channels, context=None):
        super().__init__()
        self.to_q = nn.Linear(channels, channels, bias=False)
        self.to_k = nn.Linear(context or channels, channels, bias=False)
        self.to_v = nn.Linear(context or channels, channels, bias=False)
        self.to_out = nn.ModuleList([nn.Linear(channels, channels)])
        self.heads = channels // HEAD

    def forward(self, x, context=None):
        context = x if context is None else context
        split = lambda y: reshape(y, [0, -1, self.heads, HEAD]).transpose(1, 2)
        q, k, v = split(self.to_q(x)), split(self.to_k(context)), split(self.to_v(context))
        weights = ((q * HEAD**-0.5) @ k.transpose(2, 3)).softmax(-1)
        y = (weights @ v).transpose(1, 2)  # autocast computes softmax in float32 and the product in bfloat16
        return self.to_out[0](reshape(y, [0, -1, self.heads * HEAD]))


class TransformerBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(channels) for _ in range(3))
        self.attn1 = Attention(channels)
        self.attn2 = Attention(channels, TEXT)
        self.ff = nn.Sequential(nn.Linear(channels, 2 * channels), nn.SiLU(), nn.Linear(2 * channels, channels))

    def forward(self, x, text):
        x = x + self.attn1(self.norm1(x))
        x = x + self.attn2(self.norm2(x), text)
        return x + self.ff(self.norm3(x))


class Transformer(nn.Module):
    """A transformer block over the pixels of a feature map [n,c,h,w]."""

    def __init__(self, channels):
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, channels)
        self.proj_in = nn.Linear(channels, channels)
        self.transformer_blocks = nn.ModuleList([TransformerBlock(channels)])
        self.proj_out = nn.Linear(channels, channels)
        nn.init.zeros_(self.proj_out.weight)

    def forward(self, x, text):
        y = reshape(self.norm(x), [0, self.norm.num_channels, -1])
        y = self.proj_in(y.transpose(1, 2))
        y = self.proj_out(self.transformer_blocks[0](y, text)).transpose(1, 2)
        return x + reshape(y, None, like=x)


class ResnetBlock(nn.Module):
    """Two convolutions; the time scales and shifts what lies between them."""

    def __init__(self, entering, leaving):
        super().__init__()
        self.norm1 = nn.GroupNorm(GROUPS, entering)
        self.conv1 = nn.Conv2d(entering, leaving, 3, padding=1)
        self.time_emb_proj = nn.Linear(TIME, 2 * leaving)
        self.norm2 = nn.GroupNorm(GROUPS, leaving)
        self.conv2 = nn.Conv2d(leaving, leaving, 3, padding=1)
        self.conv_shortcut = nn.Conv2d(entering, leaving, 1) if entering != leaving else None
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x, time):
        time = reshape(self.time_emb_proj(time), [0, -1, 1, 1])
        scale, shift = time.split(self.conv1.out_channels, dim=1)
        y = self.conv1(F.silu(self.norm1(x)))
        y = self.conv2(F.silu(self.norm2(y) * (1 + scale) + shift))
        return y + (x if self.conv_shortcut is None else self.conv_shortcut(x))


class Sampling(nn.Module):
    def __init__(self, entering, leaving, stride):
        super().__init__()
        self.conv = nn.Conv2d(entering, leaving, 3, stride=stride, padding=1)


class Downsample(Sampling):
    def __init__(self, channels):
        super().__init__(channels, channels, 2)

    def forward(self, x):
        return self.conv(x)


class Upsample(Sampling):
    def __init__(self, entering, leaving):
        super().__init__(entering, leaving, 1)

    def forward(self, x):
        # The convolution comes first: at the smaller size it costs a quarter.
        return F.interpolate(self.conv(x), scale_factor=2.0, mode="nearest")


class Level(nn.Module):
    """Residual blocks at one resolution, each followed by attention where there is any, then a change of size."""

    def __init__(self, entering, leaving, attention):
        super().__init__()
        self.resnets = nn.ModuleList(ResnetBlock(size, leaving) for size in entering)
        self.attentions = nn.ModuleList(Transformer(leaving) for _ in entering) if attention else None

    def block(self, index, x, time, text):
        x = self.resnets[index](x, time)
        return x if self.attentions is None else self.attentions[index](x, text)


class DownLevel(Level):
    def __init__(self, entering, leaving, blocks, attention, last):
        super().__init__([entering] + [leaving] * (blocks - 1), leaving, attention)
        self.downsamplers = None if last else nn.ModuleList([Downsample(leaving)])

    def forward(self, x, time, text):
        skips = []
        for index in range(len(self.resnets)):
            x = self.block(index, x, time, text)
            skips.append(x)
        return (x if self.downsamplers is None else self.downsamplers[0](x)), skips


class UpLevel(Level):
    def __init__(self, skips, leaving, attention, above):
        super().__init__([leaving + skip for skip in skips], leaving, attention)
        self.upsamplers = None if above is None else nn.ModuleList([Upsample(leaving, above)])

    def forward(self, x, skips, time, text):
        for index in range(len(self.resnets)):
            x = self.block(index, torch.cat([x, skips.pop()], dim=1), time, text)
        return x if self.upsamplers is None else self.upsamplers[0](x)


class MidBlock(Level):
    def __init__(self, channels):
        super().__init__([channels], channels, True)
        self.resnets.append(ResnetBlock(channels, channels))

    def forward(self, x, time, text):
        return self.resnets[1](self.block(0, x, time, text), time)


class TimeEmbedding(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear_1 = nn.Linear(64, TIME)
        self.linear_2 = nn.Linear(TIME, TIME)
        self.register_buffer("frequencies", torch.exp(-math.log(10000) * torch.arange(32) / 32)[None], persistent=False)

    def forward(self, timestep):
        angles = timestep.float()[:, None] * self.frequencies
        return self.linear_2(F.silu(self.linear_1(torch.cat([angles.cos(), angles.sin()], dim=1))))


class UNet(nn.Module):
    """Noisy latent x [n,4,h,w], timestep [n] int64 and text [n,16,128] to the noise in the latent.

    Inside, the blocks say the velocity v, and the noise is sqrt(1 - a) x + sqrt(a) v: where there is little but noise, a
    network that had to say the noise itself would mostly copy its input, and learn composition and mean colour last.
    """

    def __init__(self):
        super().__init__()
        top = len(CHANNELS) - 1
        self.conv_in = nn.Conv2d(4, CHANNELS[0], 3, padding=1)
        self.time_embedding = TimeEmbedding()
        self.down_blocks, self.up_blocks = nn.ModuleList(), nn.ModuleList()
        for level, channels in enumerate(CHANNELS):
            below = CHANNELS[max(level - 1, 0)]
            self.down_blocks.append(DownLevel(below, channels, BLOCKS[level], ATTENTION[level], level == top))
        self.mid_block = MidBlock(CHANNELS[top])
        for level in reversed(range(top + 1)):
            skips = [CHANNELS[level]] * BLOCKS[level]
            above = CHANNELS[level - 1] if level > 0 else None
            self.up_blocks.append(UpLevel(skips, CHANNELS[level], ATTENTION[level], above))
        self.conv_norm_out = nn.GroupNorm(GROUPS, CHANNELS[0])
        self.conv_out = nn.Conv2d(CHANNELS[0], 4, 3, padding=1)
        nn.init.zeros_(self.conv_out.weight)

    def forward(self, sample, timestep, encoder_hidden_states):
        time, text = F.silu(self.time_embedding(timestep)), encoder_hidden_states
        x = self.conv_in(sample)
        skips = []
        for level in self.down_blocks:
            x, made = level(x, time, text)
            skips += made
        x = self.mid_block(x, time, text)
        for level in self.up_blocks:
            x = level(x, skips, time, text)
        velocity = self.conv_out(F.silu(self.conv_norm_out(x)))
        alpha = reshape(ALPHAS[timestep], [-1, 1, 1, 1])
        return (1 - alpha).sqrt() * sample + alpha.sqrt() * velocity


class TextLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer_norm1, self.layer_norm2 = nn.LayerNorm(TEXT), nn.LayerNorm(TEXT)
        self.self_attn = Attention(TEXT)
        self.fc1, self.fc2 = nn.Linear(TEXT, 2 * TEXT), nn.Linear(2 * TEXT, TEXT)

    def forward(self, x):
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.fc2(F.silu(self.fc1(self.layer_norm2(x))))


class TextEncoder(nn.Module):
    """Token ids [n,16] to embeddings [n,16,128]."""

    def __init__(self, words, layers=2):
        super().__init__()
        self.token_embedding = nn.Embedding(words, TEXT)
        self.position_embedding = nn.Parameter(torch.randn(TOKENS, TEXT) * 0.1)
        self.layers = nn.ModuleList(TextLayer() for _ in range(layers))
        self.final_layer_norm = nn.LayerNorm(TEXT)
        nn.init.normal_(self.token_embedding.weight, std=0.5)

    def forward(self, input_ids):
        x = self.token_embedding(input_ids) + self.position_embedding
        for layer in self.layers:
            x = layer(x)
        return self.final_layer_norm(x)
