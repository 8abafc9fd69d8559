/** @file `craquelure datasets pull`: the pictures of manifests, from the addresses that they list. */
import type { PulledPicture } from '../../datasets/pull.ts';
import { EXIT } from '../exit.ts';
import { startProgress } from '../progress.ts';
import { note, print, printJson, table } from '../terminal.ts';
import { defineVerb, json } from '../verb.ts';

export const datasets = defineVerb({
  command: 'datasets <action> <manifests..>',
  describe: 'fetch the pictures that manifests list with an address',
  positionals: (yargs) =>
    yargs
      .positional('action', { choices: ['pull'] as const, demandOption: true, describe: 'what to do' })
      .positional('manifests', { type: 'string', array: true, demandOption: true, describe: 'CSV files' }),
  options: {
    out: {
      type: 'string',
      describe: 'folder for the pictures (default: the first of CRAQUELURE_DATA, else the cache)',
    },
    quiet: { type: 'boolean', default: false, describe: 'no progress' },
    json,
  },
  examples: [['$0 datasets pull datasets/painters.csv', 'what is missing, each file held to its hash']],
  handler: async ({ manifests, out, quiet, json: asJson }) => {
    const { pullManifest } = await import('../../datasets/pull.ts');
    const abort = new AbortController();
    const onSignal = (): void => abort.abort();
    process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
    const progress = startProgress({ quiet });
    const pulled: { manifest: string; pictures: PulledPicture[] }[] = [];
    try {
      for (const manifest of manifests) {
        const pictures = await pullManifest(manifest, {
          out,
          signal: abort.signal,
          onPicture: ({ path }, done, total) => progress.update(done, total, path),
        });
        pulled.push({ manifest, pictures });
      }
    } finally {
      progress.end();
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    }
    if (asJson) printJson(pulled);
    else print(summary(pulled));
    const failed = pulled.flatMap(({ pictures }) => pictures.filter(({ state }) => state === 'failed'));
    for (const { error } of failed) note(`craquelure: ${error}`);
    if (failed.length > 0) process.exitCode = EXIT.failure;
  },
});

const summary = (pulled: readonly { manifest: string; pictures: readonly PulledPicture[] }[]): string =>
  table(
    ['manifest', 'fetched', 'here before', 'failed', 'licences'],
    pulled.map(({ manifest, pictures }) => {
      const count = (state: PulledPicture['state']): number =>
        pictures.filter((picture) => picture.state === state).length;
      const licences = [...new Set(pictures.map(({ licence }) => licence))].join(', ');
      return [manifest, count('fetched'), count('here'), count('failed'), licences];
    }),
  );
