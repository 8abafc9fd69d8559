/** @file One picture protected once: `node protect-once.mjs PROTECTION PARAMS SIDE [VAE-ENCODER]`; prints seconds and peak memory. */
import { openBindings } from '../dist/experiment/bindings.js';
import { protectImage } from '../dist/jobs/stages/protect.js';
import { jobStep } from '../dist/experiment/step.js';
import { protectionSettings } from '../dist/experiment/settings.js';
import { parseAtelier } from '../dist/atelier/catalogue.js';
import { openAtelier } from '../dist/datasets/atelier.js';
import { decodeImage } from '../dist/image/codec.js';
import { resize } from '../dist/image/resample.js';
import { parseModelChoices } from '../dist/models/choice.js';

const [id, params, side, encoder] = process.argv.slice(2);
const [setting] = protectionSettings({ [id]: JSON.parse(params) });
const choices = parseModelChoices(encoder ? { 'vae-encoder': encoder } : {});
const { bind, modelsOf, picturesOf, close } = await openBindings([['protection', setting]], choices, {});
const [item] = openAtelier(parseAtelier({ count: 1 })).items;
const picture = await decodeImage(await item.bytes(), { name: item.id, maxPixels: 1e8 });
const image = resize(picture, Number(side), Number(side), 'bicubic');
const started = performance.now();
await protectImage(image, jobStep(bind('protection', setting).links[0]), 0, { modelsOf, picturesOf });
const seconds = (performance.now() - started) / 1000;
await close();
console.log(JSON.stringify({ seconds, peak: process.resourceUsage().maxRSS * 1024 }));
