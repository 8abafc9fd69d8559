"""Stable Diffusion 1.5 at full size with random weights, for bench/networks.mjs: the U-Net in float16, the autoencoder in float32.

    VENV/bin/python test/tools/make-full-size.py FOLDER
"""

import sys

import diffusers
import torch

torch.manual_seed(0)
unet = diffusers.UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8).half()
unet.save_pretrained(f"{sys.argv[1]}/unet", max_shard_size='20GB')
vae = diffusers.AutoencoderKL(block_out_channels=(128,256,512,512), layers_per_block=2, latent_channels=4, sample_size=512,
  down_block_types=("DownEncoderBlock2D",)*4, up_block_types=("UpDecoderBlock2D",)*4)
vae.save_pretrained(f"{sys.argv[1]}/vae")
