/** @file The image viewer: four arms of an image side by side, their difference maps, and the data behind them. */
import { ARMS } from '../../metrics/arms.ts';
import type { Answers } from '../../analysis/answers.ts';
import { printsResidual } from '../../analysis/outcome.ts';
import { type Gallery, type GalleryImage, shotKey } from '../gallery.ts';
import { formatEstimate, formatNumber, formatShare } from '../../analysis/numbers.ts';
import { isBaseline, isPlacebo } from '../../analysis/roles.ts';
import { ARM_NAMES } from './cell-table.ts';
import type { ShownArm, ViewerImage, ViewerIndex } from './client/page-data.ts';
import { type Html, html, jsonScript, trusted } from './html.ts';

const DIFFERENCES: Readonly<Record<ShownArm, string>> = {
  clean:
    'visible part of the perturbation, in orange over the darkened clean image; full orange: 16/255 or more',
  protected: '|protected − clean|: the perturbation',
  'attacked-clean': '|attack(clean) − clean|: what the attack does by itself',
  'attacked-protected': '|attack(protected) − attack(clean)|: what is left of the perturbation',
};

/** The viewer, filled by the page's script. */
export function viewer({ images, rule }: Gallery): Html {
  if (images.length === 0) {
    return html`<section id="gallery"><h2>Images</h2><p class="faint">This run has no images to show.</p></section>`;
  }
  return html`<section id="gallery">
<h2>Images</h2>
<noscript><p>The viewer needs JavaScript. All its images are in this file.</p></noscript>
<div class="controls">
<label>Image <select id="g-image">${images.map((image, i) => html`<option value="${i}">${captionOf(image)}</option>`)}</select></label>
<span class="group"><button type="button" id="g-previous" title="Previous image">‹</button><button type="button" id="g-next" title="Next image">›</button></span>
<label>Protection <select id="g-protection"></select></label>
<label>Attack <select id="g-attack"></select></label>
<label>Differences × <output id="g-amplification">16</output> <input id="g-amplify" type="range" min="0" max="6" step="1" value="4" aria-label="Amplification of differences"></label>
<span class="group"><button type="button" id="g-out" title="Zoom out">−</button><output id="g-zoom">fit</output><button type="button" id="g-in" title="Zoom in">+</button><button type="button" id="g-fit">fit</button></span>
<button type="button" id="g-blink" title="While you hold this button, all four places show the clean image">hold to see clean</button>
</div>
<p id="g-verdict" class="note"></p>
<div class="arms" id="g-arms">${ARMS.map(armFigure)}</div>
<p class="scale"><span>0</span><span class="ramp"></span><span id="g-ramp-end"></span><span class="faint">Largest difference of the three channels, computed at full size. Larger values have the last colour.</span></p>
<p class="faint">Zoom with the buttons, a double click, a pinch, or Ctrl and the mouse wheel. Drag to move. All images and maps move together. ${rule}</p>
<svg width="0" height="0" aria-hidden="true">${amplifier()}</svg>
</section>`;
}

/** Black, violet, red, orange, cream: lightness rises steadily, so that the map also reads in grey. */
const RAMP = {
  R: '0 0.34 0.73 0.98 0.99',
  G: '0 0.06 0.21 0.55 1',
  B: '0.02 0.43 0.33 0.04 0.64',
} as const;

/** Stored values are square roots of differences (preview.ts): squared and amplified, then coloured. */
const amplifier = (): Html =>
  trusted(
    [
      '<filter id="amplify" color-interpolation-filters="sRGB" x="0" y="0" width="1" height="1">',
      '<feComponentTransfer>',
      ...Object.keys(RAMP).map((channel) => `<feFunc${channel} type="gamma" amplitude="16" exponent="2"/>`),
      '</feComponentTransfer><feComponentTransfer>',
      ...Object.entries(RAMP).map(
        ([channel, table]) => `<feFunc${channel} type="table" tableValues="${table}"/>`,
      ),
      '</feComponentTransfer></filter>',
    ].join(''),
  );

function armFigure(arm: ShownArm): Html {
  return html`<figure data-arm="${arm}"><figcaption><b>${ARM_NAMES[arm]}</b></figcaption>
<div class="port"><img alt="${ARM_NAMES[arm]}" draggable="false"></div>
<div class="port difference${arm === 'clean' && ' visible'}"><img alt="${DIFFERENCES[arm]}" draggable="false"><span class="missing"></span></div>
<p class="what">${DIFFERENCES[arm]}</p><p class="measure"></p></figure>`;
}

const captionOf = ({ image, title, artist }: GalleryImage): string =>
  title === undefined || title === image ? image : artist === undefined ? title : `${title} (${artist})`;

/** The data of the viewer: an index, and one script element an image, parsed when that image is looked at. */
export function viewerData(answers: Answers, { images }: Gallery): Html {
  const protections = distinct(answers.pairs.map(({ protection }) => protection.label));
  const attacks = distinct(answers.pairs.map(({ attack }) => attack.label));
  const nameOf = (kind: 'protection' | 'attack') => (label: string) =>
    answers.pairs.find((pair) => pair[kind].label === label)!.names[kind];
  const index: ViewerIndex = {
    first: firstShown(answers),
    protections: protections.map(nameOf('protection')),
    attacks: attacks.map(nameOf('attack')),
    pairs: answers.pairs.map((pair) => ({
      protection: protections.indexOf(pair.protection.label),
      attack: attacks.indexOf(pair.attack.label),
      effect: answers.effects.indexOf(pair.effect),
      hasEffect: printsResidual(pair),
      text: `${pair.outcome}${!printsResidual(pair) ? '' : `, R = ${formatEstimate(pair.residual.ratio, formatShare)}`}. ${pair.verdict.reason}`,
    })),
    effects: answers.effects.map(({ symbol, metric }) => ({
      symbol,
      metric: metric.links[0]?.name ?? metric.label,
      unit: metric.unit,
    })),
    images: images.map(({ width, height }) => ({ width, height })),
  };
  return html`${jsonScript('gallery-index', index)}${images.map((image, i) => jsonScript(`gallery-${i}`, imageData(answers, image, protections, attacks)))}`;
}

/** The pair that says most: a protection with a real effect, under a real attack. */
function firstShown({ effects, pairs }: Answers): number {
  const judged = pairs.map(
    ({ effect, attack, outcome }) =>
      effect === effects[0] && !isBaseline(attack) && !['no effect', 'failed', 'pending'].includes(outcome),
  );
  const own = pairs.findIndex(({ protection }, i) => judged[i] && !isPlacebo(protection));
  return Math.max(0, own >= 0 ? own : judged.indexOf(true));
}

const distinct = (labels: readonly string[]): string[] => [...new Set(labels)];

function imageData(
  { pairs }: Answers,
  { image, shots, pictures }: GalleryImage,
  protections: readonly string[],
  attacks: readonly string[],
): ViewerImage {
  const shotOf = (arm: ShownArm, protection: string | null, attack: string | null) =>
    shots[shotKey(arm, protection, attack)];
  return {
    pictures,
    clean: shotOf('clean', null, null) ?? null,
    protected: protections.map((protection) => shotOf('protected', protection, null) ?? null),
    attackedClean: protections.map((protection) =>
      attacks.map(
        (attack) =>
          shotOf('attacked-clean', protection, attack) ?? shotOf('attacked-clean', null, attack) ?? null,
      ),
    ),
    attackedProtected: protections.map((protection) =>
      attacks.map((attack) => shotOf('attacked-protected', protection, attack) ?? null),
    ),
    // For each pair in the order of the index: the four arms' values, and R of this image alone.
    measures: pairs.map(({ values, images, residual }) => {
      const arms = values.get(image);
      if (arms === undefined) return null;
      const place = images.indexOf(image);
      return [
        ...Array.from(arms, (value) => formatNumber(value)),
        place < 0 ? '–' : formatShare(residual.perImage[place]),
      ];
    }),
  };
}
