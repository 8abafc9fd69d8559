/** @file `craquelure models`: which networks there are, what is here of them; fetching and checking their files. */
import type { InventoryRow } from '../../models/inventory.ts';
import { EXIT } from '../exit.ts';
import { startProgress } from '../progress.ts';
import { note, print, printJson, size, table } from '../terminal.ts';
import { defineVerb, json } from '../verb.ts';

export const models = defineVerb({
  command: 'models <action> [ids..]',
  describe: 'list, pull or verify the networks that play roles in protections, attacks and metrics',
  positionals: (yargs) =>
    yargs
      .positional('action', {
        choices: ['list', 'pull', 'verify'] as const,
        demandOption: true,
        describe: 'list: what there is; pull: fetch files; verify: read every byte and compare hashes',
      })
      .positional('ids', {
        type: 'string',
        array: true,
        default: [],
        describe: "models, as 'models list' names them",
      }),
  options: {
    force: {
      type: 'boolean',
      default: false,
      describe: 'pull: fetch again what is here; trust what comes where no hash is listed',
    },
    quiet: { type: 'boolean', default: false, describe: 'no progress' },
    json,
  },
  examples: [
    ['$0 models list', 'what there is, and what of it is here'],
    ['$0 models pull clip-vit-b-32', 'fetch one model into the cache'],
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
        const { expected } = await import('../../messages/index.ts');
        throw expected('at least one id', 'models pull', undefined, { code: 'USAGE' });
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

/** Fetches one model, with a bar for each file; Ctrl-C keeps what has come. */
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
      onWait: (holder) => note(`${id}: ${holder} is fetching it; waiting`),
      onProgress: (file, received, total) =>
        progress.update(received, total ?? received, `${id}/${file} ${size(received)}`),
    });
  } finally {
    progress.end();
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** What there is, and what of it is here. */
export async function listModels(asJson: boolean): Promise<void> {
  const { modelHome } = await import('../../models/home.ts');
  const { takeInventory } = await import('../../models/inventory.ts');
  const home = modelHome();
  const rows = await takeInventory(home.entries, home);
  if (asJson) printJson(rows);
  else print(overview(rows));
}

const overview = (rows: readonly InventoryRow[]): string =>
  table(
    ['id', 'state', 'roles', 'licence', 'pull'],
    rows.map((row) => [row.id, row.state, row.roles.join(' '), row.licence, row.published ? 'yes' : 'no']),
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

/** Changed files are always a failure, missing ones where the model was asked for by name. */
function reportProblems(rows: readonly InventoryRow[], named: boolean): void {
  for (const { id, files } of rows) {
    for (const { name, state, path, listed, sha256 } of files) {
      if (state === 'changed')
        note(`craquelure: ${id}: '${path}' has sha256 ${sha256} but ${listed} was listed`);
      else if (state === 'absent' && named) note(`craquelure: ${id}: '${name}' is not here`);
      if (state === 'changed' || (state === 'absent' && named)) process.exitCode = EXIT.failure;
    }
  }
}
