import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { openTokenizer } from '../../src/diffusion/tokenizer.ts';
import { measurePaths } from '../../src/standalone/compare-images.ts';
import { sha256 } from '../../src/files/hashes.ts';
import { metricSettings } from '../../src/experiment/settings.ts';
import { readImage } from '../../src/image/codec.ts';
import { absentModel, mixedTowers, unknownGenre } from '../../src/messages/index.ts';
import { entryOf } from '../../src/models/catalogue/index.ts';
import type { ModelChoices } from '../../src/models/choice.ts';
import { modelHome } from '../../src/models/home.ts';
import { openModel } from '../../src/models/open.ts';
import { resolveModel } from '../../src/models/resolve.ts';
import { vectorOf } from '../../src/models/vectors.ts';
import { readModel } from '../../src/onnx/files.ts';
import { tensor } from '../../src/onnx/tensor.ts';
import { openSession } from '../../src/runtime/session.ts';
import { picture, runFile, temporaryFolder } from '../run-fixture.ts';
import { writeTinyClip } from '../tiny-clip.ts';

let models: string;
let image: string;

beforeEach(async () => {
  models = await temporaryFolder();
  image = join(models, 'picture.png');
  await writeFile(image, await picture(5, 250, 231));
  await writeTinyClip(join(models, 'clip-vit-b-32'));
  vi.stubEnv('CRAQUELURE_MODELS', models);
  vi.stubEnv('CRAQUELURE_CACHE', await temporaryFolder());
  return () => vi.unstubAllEnvs();
});

const GENRES = (
  'Color Field Painting,Contemporary Realism,Naive Art Primitivism,Post Impressionism,Art Nouveau Modern,Analytical Cubism,' +
  'Impressionism,Expressionism,Action painting,Early Renaissance,Cubism,Mannerism Late Renaissance,Fauvism,Minimalism,' +
  'New Realism,Northern Renaissance,Synthetic Cubism,Rococo,Ukiyo e,High Renaissance,Symbolism,Pop Art,Pointillism,Baroque,' +
  'Romanticism,Realism,Abstract Expressionism,Anime,Caricature,Cartoon,Picture Books,Comics,Commercial Art,Concept Art,' +
  'Fantasy,Fashion,Fine art,Line art,Retro'
).split(',');

/** Both halves run by hand: the file's own ports, cosines, a stable sort. */
async function bestByHand(names: readonly string[], folder: string): Promise<string[]> {
  const home = { ...modelHome(), folders: [models] };
  const eye = await resolveModel(
    'image-embedder',
    { kind: 'entry', id: 'clip-vit-b-32' },
    { home, baseDirs: [] },
  );
  const opened = await openModel({ ...eye, role: 'image-embedder' as const });
  const seen = await vectorOf(opened, await readImage(image));
  const session = await openSession(await readModel(join(folder, 'onnx/text_model.onnx')), { name: 'words' });
  const files = [{ path: join(folder, 'tokenizer.json'), sha256: '', bytes: 0 }];
  const tokenizer = await openTokenizer({ id: 'tiny', files, fill: {} }, 77);
  const fits: [number, string][] = [];
  for (const name of names) {
    const ids = tokenizer.encode(name).ids;
    const { text_embeds: words } = await session.run({
      input_ids: tensor('int64', [1, 77], BigInt64Array.from(ids, BigInt)),
    });
    const read = words!.data as Float32Array;
    const dot = (a: Float32Array, b: Float32Array): number =>
      a.reduce((sum, value, i) => sum + value * b[i]!, 0);
    fits.push([dot(seen, read) / Math.sqrt(dot(seen, seen) * dot(read, read)), name]);
  }
  await Promise.all([session.close(), opened.close()]);
  return fits.sort(([a], [b]) => b - a).map(([, name]) => name);
}

const measured = async (call: string, choices: ModelChoices = {}) =>
  (
    await measurePaths(image, image, metricSettings(call), {
      seed: 0,
      maxPixels: 1e6,
      models: choices,
      device: 'cpu',
    })
  )[0]!;

/** Of some genres, those that count. */
async function hits(genres: readonly string[], parameters = ''): Promise<string[]> {
  const found: string[] = [];
  for (const genre of genres) {
    if ((await measured(`clip-genre(genre="${genre}"${parameters})`)).value === 1) found.push(genre);
  }
  return found;
}

describe('clip-genre', () => {
  it('is 1 for the three genres whose names CLIP finds nearest to the picture, and 0 for the others', async () => {
    const best = await bestByHand(GENRES, join(models, 'clip-vit-b-32'));
    expect(await hits([...best.slice(0, 5), best[38]!])).toEqual(best.slice(0, 3));
  });

  it("reads WikiArt's names with underscores where IMPRESS's own numbers are asked for", async () => {
    const written = GENRES.map((name, i) => (i < 27 ? name.replaceAll(' ', '_') : name));
    const best = await bestByHand(written, join(models, 'clip-vit-b-32'));
    const plain = best.map((name) => name.replaceAll('_', ' '));
    expect(await hits([...plain.slice(0, 5), plain[38]!], ', underscores=true')).toEqual(plain.slice(0, 3));
  });

  it('knows a genre however the manifest spells it, and refuses one that is not in the list', async () => {
    const values = await Promise.all(
      ['Ukiyo e', 'ukiyo-e', 'UKIYO_E'].map(
        async (genre) => (await measured(`clip-genre(genre="${genre}", topK=39)`)).value,
      ),
    );
    expect(values).toEqual([1, 1, 1]);
    const { value, error } = await measured('clip-genre(genre=Anime, genres=wikiart)');
    expect(value).toBeNull();
    expect(error).toContain("Unknown genre 'Anime'");
    expect((await measured('clip-genre')).error).toContain(unknownGenre('clip-genre', 'picture').message);
  });

  it('uses both halves of the one CLIP that was chosen, and never halves of two', async () => {
    await writeTinyClip(join(models, 'clip-vit-l-14'), 21);
    const large = { kind: 'entry', id: 'clip-vit-l-14' } as const;
    const { protocol, error } = await measured('clip-genre(genre=Cubism)', { 'image-embedder': large });
    expect(error).toBeUndefined();
    expect(protocol.match(/clip-vit-[a-z0-9-]*/g)).toEqual(['clip-vit-l-14', 'clip-vit-l-14']);
    const mixed = await measured('clip-genre(genre=Cubism)', {
      'image-embedder': large,
      'text-embedder': { kind: 'entry', id: 'clip-vit-b-32' },
    });
    expect(mixed.error).toContain(mixedTowers('clip-genre', 'clip-vit-l-14', 'clip-vit-b-32').message);
  });

  it('is an error that says how to get a CLIP where none is here', async () => {
    vi.stubEnv('CRAQUELURE_MODELS', '');
    const files = ['onnx/vision_model.onnx'];
    const { value, error } = await measured('clip-genre(genre=Cubism)');
    expect(value).toBeNull();
    expect(error).toContain(
      absentModel('clip-vit-b-32', files, { published: true, obtain: undefined }).message,
    );
    expect(entryOf('clip-vit-b-32').roles['text-embedder']).toBeDefined();
  });

  it("takes each picture's genre from the manifest in a run; one without costs its own rows alone", async () => {
    const dir = await temporaryFolder();
    await mkdir(join(dir, 'images'));
    const lines = ['path,artist,title,licence,sha256,genre'];
    for (const [i, genre] of ['Cubism', 'post_impressionism', ''].entries()) {
      const bytes = await picture(i + 1, 60, 48);
      await writeFile(join(dir, `images/${i}.png`), bytes);
      lines.push(`images/${i}.png,X,,CC0,${sha256(bytes)},${genre}`);
    }
    await writeFile(join(dir, 'pictures.csv'), `${lines.join('\n')}\n`);
    const file = join(dir, 'experiment.yaml');
    await writeFile(
      file,
      `name: genres\ndataset: ${join(dir, 'pictures.csv')}\nprotections: [noise(level=heavy)]\nattacks: [identity]\nmetrics: ['clip-genre(topK=39)', linf]\n`,
    );
    const { folder } = await runFile({ dir, file });
    const rows = folder.rows.filter(({ metric }) => metric.startsWith('clip-genre'));
    expect(rows.filter(({ status }) => status === 'ok').map(({ image: id, value }) => [id, value])).toEqual(
      ['images/0.png', 'images/1.png'].flatMap((id) => Array.from({ length: 4 }, () => [id, 1])),
    );
    expect(new Set(rows.flatMap(({ error }) => error ?? []))).toEqual(
      new Set([unknownGenre('clip-genre', 'images/2.png').message]),
    );
    expect(folder.rows.filter(({ metric }) => metric === 'linf').every(({ status }) => status === 'ok')).toBe(
      true,
    );

    // Another genre in the manifest is another question.
    const table = await readFile(join(dir, 'pictures.csv'), 'utf8');
    await writeFile(join(dir, 'pictures.csv'), table.replace(',Cubism', ',Cubist nonsense'));
    const again = await runFile({ dir, file }, { out: join(dir, 'second') });
    const [wrong] = again.folder.rows.filter(({ metric }) => metric.startsWith('clip-genre'));
    expect(wrong!.error).toContain("Unknown genre 'Cubist nonsense'");
  });
});
