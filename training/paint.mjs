// Paints the atelier's share of the training pictures: node training/paint.mjs FOLDER COUNT [PART/PARTS]
// Writes FOLDER/atelier-PART.u8 (pictures of 256 x 256 x 3 bytes) and FOLDER/atelier-PART.jsonl (one line a picture).
// Needs `npm run build`.
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { paint } from '../dist/atelier/paint.js';
import { parseAtelier } from '../dist/atelier/catalogue.js';
import { openAtelier } from '../dist/datasets/atelier.js';

/** Not the default seed of `atelier:`, so that nobody evaluates on a picture that was trained on. */
const SEED = 20_250_401;

const [folder, count, share = '0/1'] = process.argv.slice(2);
const [part, parts] = share.split('/').map(Number);
const { items } = openAtelier(parseAtelier({ count: Number(count), size: 256, seed: SEED }));

mkdirSync(folder, { recursive: true });
const pixels = openSync(join(folder, `atelier-${part}.u8`), 'w');
const facts = openSync(join(folder, `atelier-${part}.jsonl`), 'w');
for (let k = part; k < items.length; k += parts) {
  const { id, artist, caption, origin } = items[k];
  const { data } = paint(origin.recipe);
  writeSync(
    pixels,
    Uint8ClampedArray.from(data, (v) => 255 * v),
  );
  writeSync(facts, `${JSON.stringify({ id, artist, caption, ...origin.recipe })}\n`);
}
closeSync(pixels);
closeSync(facts);
