// Paints docs/images/atelier.webp, motifs down and painters across: npm run docs:atelier
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { paint } from '../../dist/atelier/paint.js';
import { PAINTER_IDS } from '../../dist/atelier/catalogue.js';

const SIZE = 128;
const GAP = 4;
/** Motif and seed of each row: one view in twelve hands. */
const ROWS = [
  ['mountain', 1],
  ['boat', 8],
  ['house', 9],
  ['city', 2],
  ['flower', 6],
  ['face', 7],
  ['cat', 6],
];

const tiles = ROWS.flatMap(([motif, seed], row) =>
  PAINTER_IDS.map((painter, column) => {
    const { data } = paint({ painter, motif, size: SIZE, seed });
    const input = Buffer.from(Uint8ClampedArray.from(data, (v) => 255 * v).buffer);
    const raw = { width: SIZE, height: SIZE, channels: 3 };
    return { input, raw, left: GAP + column * (SIZE + GAP), top: GAP + row * (SIZE + GAP) };
  }),
);
const side = (count) => GAP + count * (SIZE + GAP);
await sharp({
  create: { width: side(PAINTER_IDS.length), height: side(ROWS.length), channels: 3, background: '#fff' },
})
  .composite(tiles)
  .webp({ quality: 74, effort: 6 })
  .toFile(fileURLToPath(new URL('./atelier.webp', import.meta.url)));
