/** @file Networks that look at images: embedders, perceptual distances, FID features, classifiers; and small painters. */
import { type ModelEntry, onHub } from '../entry.ts';

const CLIP = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
} as const;

const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;

/** OpenAI's CLIP, both halves, as exported for Transformers.js. */
function clip(id: string, network: string, repository: string, size: number): ModelEntry {
  const [eye, words, tokenizer] = ['onnx/vision_model.onnx', 'onnx/text_model.onnx', 'tokenizer.json'];
  return {
    id,
    summary: `OpenAI CLIP ${network}, image and text encoders with their projections.`,
    source: `openai/CLIP ${network}; export huggingface ${repository}`,
    licence: 'MIT',
    dtype: 'float32',
    protocol:
      `shortest side to ${size} px by Pillow's bicubic on 8 bits, centre crop, CLIP mean and std; ` +
      `pixel_values [n,3,${size},${size}] -> image_embeds, not normalised; input_ids [n,77] -> text_embeds, not normalised`,
    roles: {
      'image-embedder': { file: eye, ...CLIP, size },
      'text-embedder': { file: words, beside: [tokenizer] },
    },
    files: Object.fromEntries(
      [eye, words, tokenizer].map((file) => [file, { url: onHub(repository, file) }]),
    ),
  };
}

/** What is published of LPIPS: a backbone by torchvision, whose name ends in how its hash begins, and the heads. */
interface LpipsFiles {
  readonly backbone: string;
  readonly heads: { readonly bytes: number; readonly sha256: string };
}

function lpipsPublished(net: string, { backbone, heads }: LpipsFiles): NonNullable<ModelEntry['published']> {
  const file = `${backbone}.pth`;
  const url = `https://raw.githubusercontent.com/richzhang/PerceptualSimilarity/master/lpips/weights/v0.1/${net}.pth`;
  return {
    roles: { perceptual: { file, beside: [`${net}.pth`], network: 'LPIPS' } },
    files: {
      [file]: {
        url: `https://download.pytorch.org/models/${file}`,
        sha256Begins: backbone.split('-').at(-1)!,
      },
      [`${net}.pth`]: { url, ...heads },
    },
  };
}

/** LPIPS v0.1 on one of its three backbones. */
function lpips(
  net: string,
  backbone: string,
  files: LpipsFiles,
  known?: { bytes: number; sha256: string },
): ModelEntry {
  const file = `lpips-${net}.onnx`;
  return {
    id: `lpips-${net}`,
    summary: `LPIPS v0.1 on ${backbone}.`,
    source: `github richzhang/PerceptualSimilarity v0.1 heads; torchvision ${backbone}`,
    licence: 'BSD-2-Clause (heads), BSD-3-Clause (backbone)',
    dtype: 'float32',
    protocol:
      'a, b [n,3,h,w] 0..1, scaled to -1..1 inside; no resizing; taps normalised over channels, squared differences ' +
      'weighed by the v0.1 heads, mean over positions, sum over taps -> distance [n]',
    roles: { perceptual: { file } },
    files: { [file]: known ?? {} },
    published: lpipsPublished(net, files),
  };
}

const style = (id: string, painting: string, sha256: string): ModelEntry => ({
  id,
  summary: `Fast style transfer after ${painting}.`,
  source: 'github reiinakano/fast-style-transfer-deeplearnjs',
  licence: 'MIT',
  dtype: 'float32',
  protocol:
    'image [n,3,h,w] RGB 0..1, h and w multiples of 4 -> styled 0..1; times 255 and divided by 255 inside',
  roles: {
    'style-transfer': { file: `${id}.onnx`, multiple: 4 },
  },
  files: { [`${id}.onnx`]: { bytes: 6738618, sha256 } },
  obtain: 'convert its checkpoint to ONNX',
});

/** The name that pytorch-fid publishes the network under. */
const FID = 'pt_inception-2015-12-05-6726825d.pth';

export const embedders: readonly ModelEntry[] = [
  clip('clip-vit-b-32', 'ViT-B/32', 'Xenova/clip-vit-base-patch32', 224),
  clip('clip-vit-l-14', 'ViT-L/14', 'Xenova/clip-vit-large-patch14', 224),
  clip('clip-vit-l-14-336', 'ViT-L/14@336px', 'Xenova/clip-vit-large-patch14-336', 336),
  {
    id: 'inception-fid',
    summary: 'The Inception network of 2015-12-05 that the Fréchet Inception Distance is defined by.',
    source:
      'TensorFlow inception-2015-12-05 (1008 classes), as ported in pytorch-fid: pt_inception-2015-12-05-6726825d.pth',
    licence: 'Apache-2.0',
    dtype: 'float32',
    protocol:
      'image [n,3,299,299] as (x - 128) / 128 for x in 0..255 -> global average pool of Mixed_7c [n,2048]; average ' +
      'pools without padding counted in Mixed_5b-d, 6b-e, 7b, maximum pool in Mixed_7c',
    roles: {
      'fid-features': { file: 'inception-fid.onnx', mean: 128 / 255, std: 128 / 255, size: 299 },
    },
    files: { 'inception-fid.onnx': {} },
    published: {
      roles: {
        'fid-features': { file: FID, mean: 128 / 255, std: 128 / 255, size: 299, network: 'InceptionV3' },
      },
      files: {
        [FID]: {
          url: `https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/${FID}`,
          sha256Begins: '6726825d',
        },
      },
    },
  },
  lpips(
    'squeeze',
    'squeezenet1_1',
    {
      backbone: 'squeezenet1_1-b8a52dc0',
      heads: { bytes: 10811, sha256: '4a5350f23600cb79923ce65bb07cbf57dca461329894153e05a1346bd531cf76' },
    },
    { bytes: 2934456, sha256: 'c2068f68d5181e13660a6b33ecf3543d8fe0ecfba958ee7a87b00d6170142e67' },
  ),
  lpips('alex', 'alexnet', {
    backbone: 'alexnet-owt-7be5be79',
    heads: { bytes: 6009, sha256: 'df73285e35b22355a2df87cdb6b70b343713b667eddbda73e1977e0c860835c0' },
  }),
  lpips('vgg', 'vgg16', {
    backbone: 'vgg16-397923af',
    heads: { bytes: 7289, sha256: 'a78928a0af1e5f0fcb1f3b9e8f8c3a2a5a3de244d830ad5c1feddc79b8432868' },
  }),
  {
    id: 'squeezenet1.1',
    summary: 'SqueezeNet 1.1, an ImageNet classifier of 5 MB.',
    source: 'torchvision squeezenet1_1, weights rounded to float16',
    licence: 'BSD-3-Clause',
    dtype: 'float32 holding float16-rounded weights',
    protocol: 'image [n,3,224,224], ImageNet mean and std -> logits [n,1000], pooled512 [n,512]',
    roles: {
      classifier: { file: 'squeezenet1.1.onnx', ...IMAGENET, size: 224 },
      'image-embedder': {
        file: 'squeezenet1.1.onnx',
        ...IMAGENET,
        size: 224,
        ports: { embedding: 'pooled512' },
      },
    },
    files: {
      'squeezenet1.1.onnx': {
        bytes: 4953243,
        sha256: 'a8a479b2973b3f11e669b759858466d868089a2645c4811597e8b2722df9a8ab',
      },
    },
    obtain: "export torchvision's squeezenet1_1 with torch.onnx.export (outputs 'logits' and 'pooled512')",
  },
  {
    id: 'realesr-general-x4v3',
    summary: 'Real-ESRGAN, compact general model, four times larger.',
    source: 'github xinntao/Real-ESRGAN realesr-general-x4v3, weights rounded to float16',
    licence: 'BSD-3-Clause',
    dtype: 'float32 holding float16-rounded weights',
    protocol: 'image [n,3,h,w] 0..1 -> upscaled [n,3,4h,4w]',
    roles: { upscaler: { file: 'realesr-general-x4v3.onnx' } },
    files: {
      'realesr-general-x4v3.onnx': {
        bytes: 4867373,
        sha256: 'b391765ecbc9497e831c587dce4bb177677b46edd3a56cec37a0bf525eab0bd7',
      },
    },
    obtain:
      'export realesr-general-x4v3.pth (SRVGGNetCompact) with torch.onnx.export (opset 17, dynamic n, h, w)',
  },
  {
    id: 'bf-cnn-color',
    summary: 'Bias-free blind denoiser for colour images, noise of 0 to 100/255.',
    source: 'github LabForComputationalVision/universal_inverse_problem, BF_CNN BSD300 colour',
    licence: 'none stated: for tests only, not to be handed on',
    dtype: 'float32',
    protocol: 'image [n,3,h,w] 0..1 -> denoised [n,3,h,w]',
    roles: { denoiser: { file: 'bf-cnn-color.onnx' } },
    files: {
      'bf-cnn-color.onnx': {
        bytes: 2674119,
        sha256: '492fde569d65e598cf2d16f10c1a148a20fdceba17df46390ee8424ebae3b3be',
      },
    },
    obtain: 'export its checkpoint with torch.onnx.export',
  },
  style(
    'style-great-wave',
    'Hokusai’s Great Wave',
    'e666febd7efb3d51574503aea8f170013f89a97a06d56d45c61979bef48a4e52',
  ),
  style(
    'style-the-scream',
    'Munch’s The Scream',
    '61ce7905e3d4279aac961015d30539dbc106fddb90e8b5c5bbb7c2dd35964c4f',
  ),
];
