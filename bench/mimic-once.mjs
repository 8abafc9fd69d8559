/** @file One mimic of `lora-mimicry` with its defaults, on 16 images of 256 px: `node mimic-once.mjs`; prints seconds and peak memory. */
import { parseAtelier } from '../dist/atelier/catalogue.js';
import { openAtelier } from '../dist/datasets/atelier.js';
import { runMimic } from '../dist/diffusion/mimic.js';
import { decodeImage } from '../dist/image/codec.js';
import { metrics } from '../dist/metrics/index.js';
import { modelHome } from '../dist/models/home.js';
import { openPool } from '../dist/models/pool.js';
import { resolveNeeds } from '../dist/models/resolve.js';
import { ROLE_GROUPS } from '../dist/models/roles.js';
import { parseParameters } from '../dist/plugin/parameters.js';
import { seededRandom } from '../dist/random.js';

const PICTURES = 16;

const mimicry = metrics['lora-mimicry'];
const params = parseParameters(mimicry, { steps: Number(process.env.STEPS ?? 200) });
const { items } = openAtelier(parseAtelier({ count: PICTURES, size: 256, painters: ['zielony'] }));
const images = [];
for (const item of items)
  images.push(await decodeImage(await item.bytes(), { name: item.id, maxPixels: 1e8 }));
const pictures = images.map((image, i) => ({
  caption: mimicry.caption(items[i], params),
  sha256: String(i),
  load: async () => image,
}));
const needs = ROLE_GROUPS.diffusion.map((role) => ({ role, by: 'the bench' }));
const pool = openPool({ threads: 2 });
const models = pool.of(await resolveNeeds(needs, {}, { home: modelHome(), baseDirs: [] }));
const started = performance.now();
const made = await runMimic(mimicry.mimic(params), pictures, {
  open: (role) => models.open(role),
  random: seededRandom(0),
});
const seconds = (performance.now() - started) / 1000;
await pool.close();
const peak = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ steps: params.steps, images: made.images.length, seconds, peak }));
