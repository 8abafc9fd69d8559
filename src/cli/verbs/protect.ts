/** @file `craquelure protect`: one protection on image files. */
import { expected } from '../../messages/index.ts';
import { applyOptions, applyToFiles } from '../apply.ts';
import { defineVerb } from '../verb.ts';

export const protect = defineVerb({
  command: 'protect <images..>',
  describe: 'protect images, or folders of images',
  positionals: (yargs) =>
    yargs.positional('images', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'images, or folders of images',
    }),
  needs: {
    what: 'images or folders',
    example: 'craquelure protect art/ --protection noise --out protected',
  },
  options: {
    protection: {
      type: 'string',
      demandOption: true,
      describe: "protection, such as noise or 'noise(level=heavy)'",
    },
    level: { type: 'string', describe: 'budget: light, medium or heavy' },
    param: {
      type: 'string',
      array: true,
      describe: 'parameter of the protection, such as --param eps=6; repeat the flag for more',
    },
    ...applyOptions,
  },
  examples: [
    [
      '$0 protect art/*.png --protection noise --level light --out protected',
      'add random noise of at most 4/255 (a placebo)',
    ],
  ],
  handler: async (args) => {
    const { protectionSettings } = await import('../../experiment/settings.ts');
    const { protectFile } = await import('../../standalone/apply.ts');
    const { parseChain, parseList } = await import('../../plugin/call.ts');
    const [call, ...more] = parseChain(args.protection);
    if (call === undefined || more.length > 0)
      throw expected('one protection', '--protection', args.protection);
    const level = args.level === undefined ? {} : { level: args.level };
    const settings = protectionSettings({
      [call.id]: { ...call.params, ...level, ...assignments(args.param ?? [], parseList) },
    });
    if (settings.length > 1)
      throw expected('single values (lists are for experiments)', '--param', args.param);
    await applyToFiles(args.images, ['protection', settings[0]!], protectFile, args);
  },
});

/** `eps=6`, `eot=[jpeg, flip]` and the like as parameters; values are written as in calls. */
function assignments(
  texts: readonly string[],
  parseList: (text: string) => readonly unknown[],
): Record<string, unknown> {
  const read = (text: string): unknown => {
    if (text === 'true' || text === 'false') return text === 'true';
    if (text.trim().startsWith('[')) return parseList(text);
    return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
  };
  return Object.assign(
    {},
    ...texts.map((text) => {
      const name = text.slice(0, text.indexOf('='));
      if (!text.includes('=') || name === '') throw expected("'NAME=VALUE'", '--param', text);
      return { [name]: read(text.slice(text.indexOf('=') + 1)) };
    }),
  );
}
