/** @file `craquelure schema`: the JSON Schema of experiment files, for editors. */
import { printJson } from '../terminal.ts';
import { defineVerb } from '../verb.ts';

export const schema = defineVerb({
  command: 'schema',
  describe: 'print the JSON Schema of experiment files, for editors',
  options: {},
  handler: async () => {
    const { experimentJsonSchema } = await import('../../experiment/schema.ts');
    printJson(experimentJsonSchema());
  },
});
