/** @file `craquelure datasets`: lists the data sets, and downloads the images of manifests. */
import type { PulledPicture } from '../../datasets/pull.ts';
import { missingArgument } from '../../messages/index.ts';
import { EXIT } from '../exit.ts';
import { startProgress } from '../progress.ts';
import { note, print, printJson, table, tableWithin, wrapped } from '../terminal.ts';
import { defineVerb, json } from '../verb.ts';

export const datasets = defineVerb({
  command: 'datasets <action> [manifests..]',
  describe: 'list data sets, or download the images of a manifest',
  positionals: (yargs) =>
    yargs
      .positional('action', {
        choices: ['list', 'pull'] as const,
        demandOption: true,
        describe: 'list: show the manifests in datasets/ and the generator; pull: download images',
      })
      .positional('manifests', {
        type: 'string',
        array: true,
        default: [],
        describe: 'pull: CSV manifests',
      }),
  needs: { what: 'list or pull', example: 'craquelure datasets list' },
  options: {
    out: {
      type: 'string',
      describe: 'pull: folder for the images (default: the first folder of CRAQUELURE_DATA, or the cache)',
    },
    quiet: { type: 'boolean', default: false, describe: 'show no progress' },
    json,
  },
  examples: [
    ['$0 datasets list', 'show all data sets'],
    ['$0 datasets pull datasets/painters.csv', 'download the missing images, and verify each file'],
  ],
  handler: async ({ action, manifests, out, quiet, json: asJson }) => {
    if (action === 'list') return listDatasets(asJson);
    if (manifests.length === 0)
      throw missingArgument(
        'datasets pull',
        'a CSV manifest',
        'craquelure datasets pull datasets/painters.csv',
      );
    const pulled = await pull(manifests, out, quiet);
    if (asJson) printJson(pulled);
    else print(summary(pulled));
    const failed = pulled.flatMap(({ pictures }) => pictures.filter(({ state }) => state === 'failed'));
    for (const { error } of failed) note(`craquelure: ${error}`);
    if (failed.length > 0) process.exitCode = EXIT.failure;
  },
});

async function listDatasets(asJson: boolean): Promise<void> {
  const { describeAtelier, listManifests } = await import('../../datasets/list.ts');
  const manifests = await listManifests('datasets');
  const atelier = describeAtelier();
  if (asJson) return printJson({ manifests, atelier });
  const rows = manifests.map(({ path, pictures, artists, licences }) => [
    path,
    pictures,
    artists.length,
    licences.join(', '),
  ]);
  if (rows.length > 0) print(`${tableWithin(['manifest', 'images', 'artists', 'licences'], rows)}\n`);
  print('atelier: a generator of synthetic paintings, such as');
  print("  dataset: 'atelier(count=12, size=256, seed=0)'");
  print(wrapped(`painters: ${atelier.painters.join(', ')}`, 2));
  print(wrapped(`motifs: ${atelier.motifs.join(', ')}`, 2));
}

interface Pulled {
  readonly manifest: string;
  readonly pictures: readonly PulledPicture[];
}

/** Downloads what is missing; Ctrl-C keeps what is complete so far. */
async function pull(
  manifests: readonly string[],
  out: string | undefined,
  quiet: boolean,
): Promise<readonly Pulled[]> {
  const { pullManifest } = await import('../../datasets/pull.ts');
  const abort = new AbortController();
  const onSignal = (): void => abort.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  const progress = startProgress({ quiet });
  const pulled: Pulled[] = [];
  try {
    for (const manifest of manifests) {
      const pictures = await pullManifest(manifest, {
        out,
        signal: abort.signal,
        onPicture: ({ path }, done, total) => progress.update(done, total, path),
      });
      pulled.push({ manifest, pictures });
    }
    return pulled;
  } finally {
    progress.end();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

const summary = (pulled: readonly Pulled[]): string =>
  table(
    ['manifest', 'downloaded', 'here before', 'failed', 'licences'],
    pulled.map(({ manifest, pictures }) => {
      const count = (state: PulledPicture['state']): number =>
        pictures.filter((picture) => picture.state === state).length;
      const licences = [...new Set(pictures.map(({ licence }) => licence))].join(', ');
      return [manifest, count('fetched'), count('here'), count('failed'), licences];
    }),
  );
