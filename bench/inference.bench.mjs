/**
 * @file A simulated study of the inference: how often 95 % intervals hold the truth, and how often a verdict says what is not so.
 * Nothing is measured; the truth is set. `INFERENCE_REPEATS` (default: 2000) tables are drawn for each line, from
 * `INFERENCE_SEED` (default: 1).
 */
import { seededRandom } from '../dist/random.js';
import { leastElsewhere } from '../dist/stats/cross-fit.js';
import { byLevels } from '../dist/stats/inference.js';
import { residual } from '../dist/stats/residual.js';
import { adjustedVerdicts, THRESHOLDS, verdict } from '../dist/stats/verdict.js';

const repeats = Number(process.env.INFERENCE_REPEATS ?? 2000);
const seed = Number(process.env.INFERENCE_SEED ?? 1);

/** Shapes of what differs between images; mean 0, standard deviation 1. */
const SHAPES = {
  normal: (random) => random.normal(),
  // Gamma of shape 4: skewness 1.
  skewed: (random) =>
    (-Math.log(
      (1 - random.uniform()) * (1 - random.uniform()) * (1 - random.uniform()) * (1 - random.uniform()),
    ) -
      4) /
    2,
};

const names = (n) => Array.from({ length: n }, (_, i) => String(i));
const share = (count) => (100 * count) / repeats;
const percent = (count) => share(count).toFixed(1);
const holds = ({ interval }, truth) => interval !== undefined && interval.lo <= truth && truth <= interval.hi;

/** Arms of images with these effects, and what is left of each. */
const armsOf = (effects, left) => ({
  clean: effects.map(() => 0),
  protected: effects,
  attackedClean: effects.map(() => 0),
  attackedProtected: left,
});

function table(title, head, rows) {
  console.log(`\n## ${title}\n\n| ${head.join(' | ')} |\n| ${head.map(() => '---').join(' | ')} |`);
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

/** Coverage of the effect and of R over images, and how often R is carried. */
function overImages() {
  const rows = [];
  for (const [shape, draw] of Object.entries(SHAPES)) {
    for (const n of [3, 4, 6, 8, 12, 20]) {
      for (const [strength, spread] of [
        ['strong', 0.4],
        ['weak', 1.7],
      ]) {
        const random = seededRandom(seed);
        let [effect, ratio, carried] = [0, 0, 0];
        for (let repeat = 0; repeat < repeats; repeat++) {
          const effects = names(n).map(() => 1 + spread * draw(random));
          const left = effects.map((value) => 0.5 * value + 0.2 * spread * draw(random));
          const found = residual(armsOf(effects, left), byLevels([names(n)]));
          if (holds(found.effect, 1)) effect++;
          if (found.ratio.interval !== undefined) carried++;
          if (found.ratio.interval === undefined || holds(found.ratio, 0.5)) ratio++;
        }
        rows.push([
          shape,
          n,
          `${strength} (sd ${spread})`,
          percent(effect),
          percent(ratio),
          percent(carried),
        ]);
      }
    }
  }
  table(
    'Coverage over images: effect 1, R 0.5',
    ['shape', 'images', 'effect', 'effect held, %', 'R held, %', 'R has an interval, %'],
    rows,
  );
}

/** Coverage over trainings crossed with prompts, and over artists with their images. */
function overLevels() {
  const crossed = [];
  for (const trainings of [2, 3, 5]) {
    for (const [ofTraining, ofPrompt] of [
      [0, 0.5],
      [0.2, 0.5],
      [0.6, 0],
    ]) {
      const random = seededRandom(seed);
      let [levels, samples] = [0, 0];
      for (let repeat = 0; repeat < repeats; repeat++) {
        const prompts = names(16).map(() => ofPrompt * random.normal());
        const [values, byTraining, byPrompt] = [[], [], []];
        for (let training = 0; training < trainings; training++) {
          const shift = ofTraining * random.normal();
          for (const [p, level] of prompts.entries()) {
            values.push(shift + level + random.normal());
            byTraining.push(String(training));
            byPrompt.push(String(p));
          }
        }
        if (holds(byLevels([byPrompt, byTraining]).mean(values), 0)) levels++;
        if (holds(byLevels([names(values.length)]).mean(values), 0)) samples++;
      }
      crossed.push([trainings, ofTraining, ofPrompt, percent(levels), percent(samples)]);
    }
  }
  table(
    'Coverage over trainings: 16 prompts, noise of samples 1',
    ['trainings', 'sd of trainings', 'sd of prompts', 'held, %', 'held if samples were replicates, %'],
    crossed,
  );
  const nested = [];
  for (const [artists, each] of [
    [2, 10],
    [3, 8],
    [10, 18],
  ]) {
    for (const alike of [0.2, 0.5]) {
      const random = seededRandom(seed);
      let [byArtist, byImage] = [0, 0];
      for (let repeat = 0; repeat < repeats; repeat++) {
        const [values, artist] = [[], []];
        for (let a = 0; a < artists; a++) {
          const shared = Math.sqrt(alike) * random.normal();
          for (let i = 0; i < each; i++) {
            values.push(shared + Math.sqrt(1 - alike) * random.normal());
            artist.push(String(a));
          }
        }
        if (holds(byLevels([artist]).mean(values), 0)) byArtist++;
        if (holds(byLevels([names(values.length)]).mean(values), 0)) byImage++;
      }
      nested.push([artists, each, alike, percent(byArtist), percent(byImage)]);
    }
  }
  table(
    'Coverage over artists: what their images share is a part of the variance',
    ['artists', 'images each', 'shared', 'held, %', 'held if images were replicates, %'],
    nested,
  );
}

/** Words on effects before any attack, where 0.5 sd is the smallest effect of interest. */
function onEffects() {
  const rows = [];
  for (const n of [8, 20, 60]) {
    for (const effect of [0, 0.25, 0.5, 0.6, 1]) {
      const random = seededRandom(seed);
      const words = { 'no effect': 0, inconclusive: 0, effect: 0 };
      for (let repeat = 0; repeat < repeats; repeat++) {
        const effects = names(n).map(() => effect + random.normal());
        const found = residual(armsOf(effects, effects), byLevels([names(n)]));
        const { word } = verdict({ ...found, smallest: 0.5 });
        words[word in words ? word : 'effect']++;
      }
      rows.push([n, effect, percent(words['no effect']), percent(words.inconclusive), percent(words.effect)]);
    }
  }
  table(
    'Words on an effect before any attack: smallest effect of interest 0.5',
    ['images', 'true effect, sd', 'no effect, %', 'inconclusive, %', 'effect, %'],
    rows,
  );
}

/** False words over 20 attacks, and R under the worst of them. */
function overAttacks() {
  const rows = [];
  const worst = [];
  for (const n of [6, 12]) {
    for (const truth of [0.22, 0.78, 1]) {
      const random = seededRandom(seed);
      let [alone, together, elsewhere, fitted, least] = [0, 0, 0, 0, 0];
      const inference = byLevels([names(n)]);
      const wrong = truth < 0.5 ? 'broken' : 'holds';
      for (let repeat = 0; repeat < repeats; repeat++) {
        const effects = names(n).map(() => 1 + 0.2 * random.normal());
        const left = names(20).map(() => effects.map((value) => truth * value + 0.3 * random.normal()));
        const found = left.map((each) => residual(armsOf(effects, each), inference));
        const single = found.map((each) => verdict(each));
        const all = adjustedVerdicts(
          single,
          found.map(({ means }) => means),
          THRESHOLDS,
        );
        if (single.some(({ word }) => word === wrong)) alone++;
        if (all.some(({ word }) => word === wrong)) together++;
        const chosen = leastElsewhere(left, names(n));
        const ratio = inference.ratio(
          chosen.map((attack, i) => left[attack][i]),
          effects,
        );
        if (holds(ratio, truth)) elsewhere++;
        fitted += ratio.value / repeats;
        least +=
          names(n).reduce((sum, _, i) => sum + Math.min(...left.map((each) => each[i])), 0) / n / repeats;
      }
      if (truth < 1) rows.push([n, truth, wrong, percent(alone), percent(together)]);
      worst.push([n, truth, fitted.toFixed(2), percent(elsewhere), least.toFixed(2)]);
    }
  }
  table(
    'False words over 20 attacks that all leave R',
    ['images', 'R', 'false word', 'anywhere, each alone, %', 'anywhere, adjusted, %'],
    rows,
  );
  table(
    'R under the worst of 20 attacks that all leave R',
    ['images', 'R', 'chosen on other images', 'held, %', 'least of each image'],
    worst,
  );
}

export function bench() {
  console.log(`${repeats} tables a line, seed ${seed}`);
  overImages();
  overLevels();
  onEffects();
  overAttacks();
}
