/** @file `craquelure models`: lists the models, downloads them and verifies their files. */
import type { InventoryRow } from '../../models/inventory.ts';
import { missingArgument } from '../../messages/index.ts';
import { EXIT } from '../exit.ts';
import { startProgress } from '../progress.ts';
import { note, print, printJson, size, table, tableWithin } from '../terminal.ts';
import { defineVerb, json } from '../verb.ts';

export const models = defineVerb({
  command: 'models <action> [ids..]',
  describe: 'list, download or verify the models that protections, attacks and metrics use',
  positionals: (yargs) =>
    yargs
      .positional('action', {
        choices: ['list', 'pull', 'verify'] as const,
        demandOption: true,
        describe: 'list: show all models; pull: download files; verify: compare the files with their hashes',
      })
      .positional('ids', {
        type: 'string',
        array: true,
        default: [],
        describe: "ids of models, as 'models list' shows them",
      }),
  needs: { what: 'list, pull or verify', example: 'craquelure models list' },
  options: {
    force: {
      type: 'boolean',
      default: false,
      describe: 'pull: download again; accept files for which no hash is listed',
    },
    quiet: { type: 'boolean', default: false, describe: 'show no progress' },
    json,
  },
  examples: [
    ['$0 models list', 'show all models, and which are on this machine'],
    ['$0 models pull clip-vit-b-32', 'download one model'],
  ],
  handler: async ({ action, ids, force, quiet, json: asJson }) => {
    const { modelHome } = await import('../../models/home.ts');
    const { entryOf } = await import('../../models/catalogue/index.ts');
    const { takeInventory } = await import('../../models/inventory.ts');
    const home = modelHome();
    const named = ids.map((id) => entryOf(id, home.entries));
    const entries = named.length > 0 ? named : home.entries;
    if (action === 'pull') {
      if (named.length === 0) {
        throw missingArgument('models pull', 'the id of a model', 'craquelure models pull clip-vit-b-32');
      }
      for (const { id } of named) await pull(id, { force, quiet });
    }
    const rows = await takeInventory(entries, home, { fresh: action === 'verify' });
    if (asJson) printJson(rows);
    else if (action === 'list') print(overview(rows));
    else print(details(rows));
    if (action !== 'list') reportProblems(rows, named.length > 0);
  },
});

/** Downloads one model, with a bar for each file; Ctrl-C keeps what is complete so far. */
async function pull(id: string, { force, quiet }: { force: boolean; quiet: boolean }): Promise<void> {
  const { modelHome } = await import('../../models/home.ts');
  const { entryOf } = await import('../../models/catalogue/index.ts');
  const { pullModel } = await import('../../models/pull.ts');
  const home = modelHome();
  const entry = entryOf(id, home.entries);
  note(`${id}: ${entry.licence}; ${entry.source}`);
  const abort = new AbortController();
  const onSignal = (): void => abort.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  const progress = startProgress({ quiet });
  try {
    await pullModel(entry, home, {
      force,
      signal: abort.signal,
      onWait: (holder) => note(`${id}: ${holder} is downloading it; waiting`),
      onProgress: (file, received, total) =>
        progress.update(received, total ?? received, `${id}/${file} ${size(received)}`),
    });
  } finally {
    progress.end();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

const overview = (rows: readonly InventoryRow[]): string =>
  tableWithin(
    ['id', 'state', 'download', 'roles', 'licence'],
    rows.map((row) => [row.id, row.state, row.published ? 'yes' : 'no', row.roles.join(' '), row.licence]),
  );

const details = (rows: readonly InventoryRow[]): string =>
  table(
    ['model', 'file', 'state', 'trust', 'size', 'sha256', 'path'],
    rows.flatMap(({ id, files }) =>
      files
        .filter(({ path }) => path !== null)
        .map(({ name, state, trust, bytes, sha256, path }) => [
          id,
          name,
          state,
          trust ?? '',
          size(bytes ?? 0),
          sha256?.slice(0, 16) ?? '',
          path ?? '',
        ]),
    ),
  );

/** Changed files are always a failure, missing ones only if the model was named. */
function reportProblems(rows: readonly InventoryRow[], named: boolean): void {
  for (const { id, files } of rows) {
    for (const { name, state, path, listed, sha256 } of files) {
      if (state === 'changed')
        note(`craquelure: ${id}: expected sha256 ${listed} for '${path}' but the file has ${sha256}`);
      else if (state === 'absent' && named) note(`craquelure: ${id}: '${name}' is not on this machine`);
      if (state === 'changed' || (state === 'absent' && named)) process.exitCode = EXIT.failure;
    }
  }
}
