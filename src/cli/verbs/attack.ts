/** @file `craquelure attack`: one attack or chain on image files. */
import { expected } from '../../messages/index.ts';
import { applyOptions, applyToFiles } from '../apply.ts';
import { defineVerb } from '../verb.ts';

export const attack = defineVerb({
  command: 'attack <images..>',
  describe: 'apply an attack, or a chain of attacks, to images or folders of images',
  positionals: (yargs) =>
    yargs.positional('images', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'images, or folders of images',
    }),
  needs: {
    what: 'images or folders',
    example: 'craquelure attack protected/ --attack jpeg --out attacked',
  },
  options: {
    attack: {
      type: 'string',
      demandOption: true,
      describe: "attack or chain of attacks, such as 'jpeg(quality=75) | rescale(scale=0.5)'",
    },
    ...applyOptions,
  },
  examples: [
    [
      "$0 attack protected/*.png --attack 'jpeg(quality=75) | rescale' --out attacked",
      'apply two attacks in a row',
    ],
  ],
  handler: async (args) => {
    const { attackSettings } = await import('../../experiment/settings.ts');
    const { attackFile } = await import('../../standalone/apply.ts');
    const settings = attackSettings(args.attack);
    if (settings.length > 1)
      throw expected('single values (lists are for experiments)', '--attack', args.attack);
    await applyToFiles(args.images, ['attack', settings[0]!], attackFile, args);
  },
});
