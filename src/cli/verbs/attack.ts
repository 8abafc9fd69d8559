/** @file `craquelure attack`: one attack or chain, by hand. */
import { expected } from '../../messages/index.ts';
import { handOptions, runByHand } from '../by-hand.ts';
import { defineVerb } from '../verb.ts';

export const attack = defineVerb({
  command: 'attack <images..>',
  describe: 'attack pictures or folders of pictures with one attack or chain',
  positionals: (yargs) =>
    yargs.positional('images', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'files or folders',
    }),
  options: {
    attack: {
      type: 'string',
      demandOption: true,
      describe: "call or chain: 'jpeg(quality=75) | rescale(scale=0.5)'",
    },
    ...handOptions,
  },
  examples: [
    ["$0 attack protected/*.png --attack 'jpeg(quality=75) | rescale' --out attacked", 'a chain of two'],
  ],
  handler: async (args) => {
    const { attackSettings } = await import('../../experiment/settings.ts');
    const { attackFile } = await import('../../standalone/by-hand.ts');
    const settings = attackSettings(args.attack);
    if (settings.length > 1)
      throw expected('single values, for lists are swept in experiments only', '--attack', args.attack);
    await runByHand(args.images, ['attack', settings[0]!], attackFile, args);
  },
});
