/** @file A blind denoiser: removes a protection as if it were noise. */
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
  summary: 'Runs a network that was trained to remove noise of unknown strength.',
  reference: 'The denoising step of IMPRESS++ in Hönig et al. (ICLR 2025), with any network',
  params: z.strictObject({
    repeats: z.int().min(1).max(100).default(1).describe('number of repetitions'),
    ...windowParameters(512),
  }),
  formerNames: { repeats: 'times' },
  needs: () => roleNeeds('denoiser'),
  random: false,
  strength: { parameter: 'repeats', harsher: 'higher' },
  apply: async (image, { repeats, window, overlap }, context) => {
    const denoiser = await openRole(context, 'denoiser');
    const { multiple = 1, size } = denoiser.model.fill;
    let now = image;
    for (let i = 0; i < repeats; i++) {
      now = await throughNetwork(
        now,
        { window, overlap, multiple, size },
        context,
        async (part) => (await denoiser.run({ image: part })).denoised,
      );
      context.onProgress?.((i + 1) / repeats);
    }
    return now;
  },
  graph: (picture, { repeats, window, overlap }, scope) => {
    const { graph, model } = scope.network('denoiser');
    const { multiple = 1, size } = model.fill;
    let { value } = picture;
    for (let i = 0; i < repeats; i++) {
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
