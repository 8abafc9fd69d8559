/** @file `craquelure protect`: one protection, by hand. */
import { expected } from '../../messages/index.ts';
import { handOptions, runByHand } from '../by-hand.ts';
import { defineVerb } from '../verb.ts';

export const protect = defineVerb({
  command: 'protect <images..>',
  describe: 'protect pictures or folders of pictures with one protection',
  positionals: (yargs) =>
    yargs.positional('images', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'files or folders',
    }),
  options: {
    protection: { type: 'string', demandOption: true, describe: "name or call: noise, 'noise(level=heavy)'" },
    level: { type: 'string', describe: 'named budget: light, medium or heavy' },
    set: { type: 'string', array: true, describe: 'a parameter: --set eps=6; repeat for more' },
    ...handOptions,
  },
  examples: [['$0 protect art/*.png --protection noise --level light --out protected', 'a placebo of 4/255']],
  handler: async (args) => {
    const { protectionSettings } = await import('../../experiment/settings.ts');
    const { protectFile } = await import('../../standalone/by-hand.ts');
    const { parseChain, parseList } = await import('../../plugin/call.ts');
    const [call, ...more] = parseChain(args.protection);
    if (call === undefined || more.length > 0)
      throw expected('one protection', '--protection', args.protection);
    const level = args.level === undefined ? {} : { level: args.level };
    const settings = protectionSettings({
      [call.id]: { ...call.params, ...level, ...assignments(args.set ?? [], parseList) },
    });
    if (settings.length > 1)
      throw expected('single values, for lists are swept in experiments only', '--set', args.set);
    await runByHand(args.images, ['protection', settings[0]!], protectFile, args);
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
      if (!text.includes('=') || name === '') throw expected("'parameter=value'", '--set', text);
      return { [name]: read(text.slice(text.indexOf('=') + 1)) };
    }),
  );
}
