/** @file A blind denoiser: takes a protection for the noise that it looks like. */
import { z } from 'zod';
import { embed } from '../../onnx/transforms/embed.ts';
import { openRole, roleNeeds } from '../../plugin/define.ts';
import { rounded } from '../../plugin/transformation.ts';
import { defineAttack } from '../define.ts';
import { throughNetworkGraph } from '../graph/network.ts';
import { throughNetwork, windowParameters } from '../parts/network.ts';

export const denoise = defineAttack({
  id: 'denoise',
  version: 1,
  label: 'Denoiser',
  summary: 'Runs a network that was trained to take noise of unknown strength out of pictures.',
  reference: 'The denoising step of IMPRESS++ in Hönig et al. (ICLR 2025), with any network',
  params: z.strictObject({
    times: z.int().min(1).max(100).default(1).describe('passes'),
    ...windowParameters(512),
  }),
  needs: () => roleNeeds('denoiser'),
  random: false,
  strength: { parameter: 'times', harsher: 'higher' },
  apply: async (image, { times, window, overlap }, context) => {
    const denoiser = await openRole(context, 'denoiser');
    const { multiple = 1, size } = denoiser.model.fill;
    let now = image;
    for (let i = 0; i < times; i++) {
      now = await throughNetwork(
        now,
        { window, overlap, multiple, size },
        context,
        async (part) => (await denoiser.run({ image: part })).denoised,
      );
      context.onProgress?.((i + 1) / times);
    }
    return now;
  },
  graph: (picture, { times, window, overlap }, scope) => {
    const { graph, model } = scope.network('denoiser');
    const { multiple = 1, size } = model.fill;
    let { value } = picture;
    for (let i = 0; i < times; i++) {
      const windowing = { window, overlap, multiple, size };
      value = throughNetworkGraph(
        scope,
        { ...picture, value },
        windowing,
        (image) => embed(scope.g, graph, { image }).denoised!,
      );
    }
    return { ...picture, value: rounded(scope.g, value) };
  },
});
