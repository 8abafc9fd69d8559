/** @file The viewer: four arms of an image and their difference maps, chosen by image, protection, attack and effect. */
import type { Shot, ShownArm, ViewerImage, ViewerIndex } from './page-data.ts';

const find = <E extends Element>(selector: string): E => document.querySelector<E>(selector)!;
const dataOf = <T>(id: string): T => JSON.parse(find(`#${id}`).textContent!) as T;

const index = dataOf<ViewerIndex>('gallery-index');
const arms = find<HTMLElement>('#g-arms');
const chosen = {
  image: find<HTMLSelectElement>('#g-image'),
  protection: find<HTMLSelectElement>('#g-protection'),
  attack: find<HTMLSelectElement>('#g-attack'),
};
const tabs = [...document.querySelectorAll<HTMLElement>('.tabs button')];

/** The image that was looked at last; the next one is parsed when it is chosen. */
let loaded: { readonly place: number; readonly image: ViewerImage } | undefined;
/** While true all four places show the clean picture. */
let isBlinking = false;

// ---- what is chosen

function imageAt(place: number): ViewerImage {
  if (loaded?.place !== place) loaded = { place, image: dataOf(`gallery-${place}`) };
  return loaded.image;
}

/** The effect whose tab is pressed; a report of one effect has no tabs. */
const chosenEffect = (): number =>
  Number(tabs.find((tab) => tab.getAttribute('aria-pressed') === 'true')?.dataset.effect ?? 0);

/** The place of the chosen pair in the index; -1 if the run has no such cell. */
const chosenPair = (): number =>
  index.pairs.findIndex(
    ({ effect, protection, attack }) =>
      effect === chosenEffect() &&
      protection === Number(chosen.protection.value) &&
      attack === Number(chosen.attack.value),
  );

function shotsOf(image: ViewerImage): Record<ShownArm, Shot | null> {
  const protection = Number(chosen.protection.value);
  const attack = Number(chosen.attack.value);
  return {
    clean: image.clean,
    protected: image.protected[protection] ?? null,
    'attacked-clean': image.attackedClean[protection]?.[attack] ?? null,
    'attacked-protected': image.attackedProtected[protection]?.[attack] ?? null,
  };
}

// ---- what is shown

function show(): void {
  const place = Number(chosen.image.value);
  const image = imageAt(place);
  const { width, height } = index.images[place]!;
  arms.style.setProperty('--aspect', String(Math.min(2.5, Math.max(0.6, width / height))));
  const shots = shotsOf(image);
  for (const figure of arms.querySelectorAll('figure')) showArm(figure, image, shots);
  showMeasures(image);
}

function showArm(figure: HTMLElement, image: ViewerImage, shots: Record<ShownArm, Shot | null>): void {
  const arm = figure.dataset.arm as ShownArm;
  const shot = shots[arm];
  const [picture, difference] = figure.querySelectorAll('img');
  setPicture(picture!, image, isBlinking ? shots.clean?.picture : shot?.picture);
  const map = arm === 'clean' ? shots.protected?.visible : shot?.difference;
  setPicture(difference!, image, map);
  figure.querySelector('.missing')!.textContent = map ? '' : reasonForNoMap(arm, shot);
}

function setPicture(element: HTMLImageElement, { pictures }: ViewerImage, key: string | null | undefined) {
  if (key === null || key === undefined) element.removeAttribute('src');
  else element.src = `data:image/webp;base64,${pictures[key]}`;
}

function reasonForNoMap(arm: ShownArm, shot: Shot | null): string {
  if (shot === null || shot.picture === null) return 'no picture';
  return arm === 'clean' ? 'no map' : 'no difference: the sizes differ';
}

/** The metric under each picture, and the verdict over all images. */
function showMeasures({ measures }: ViewerImage): void {
  const place = chosenPair();
  const pair = index.pairs[place];
  const effect = index.effects[chosenEffect()];
  const own = measures[place];
  for (const [i, figure] of [...arms.children].entries()) {
    const isLast = (figure as HTMLElement).dataset.arm === 'attacked-protected';
    const residual = own && isLast && pair?.hasEffect ? `, R of this image ${own[4]}` : '';
    const unit = effect?.unit ? ` ${effect.unit}` : '';
    figure.querySelector('.measure')!.textContent = own
      ? `${effect?.metric ?? ''} ${own[i]}${unit}${residual}`
      : '';
  }
  find('#g-verdict').textContent =
    pair === undefined
      ? 'This run has no cell for this choice.'
      : `d = ${effect?.symbol ?? ''} over all images: ${pair.text}`;
}

/** Differences are multiplied by 1, 2, 4, ... 64. */
function showAmplification(): void {
  const factor = 2 ** Number(find<HTMLInputElement>('#g-amplify').value);
  for (const gamma of document.querySelectorAll('#amplify [type="gamma"]')) {
    gamma.setAttribute('amplitude', String(factor));
  }
  find('#g-amplification').textContent = String(factor);
  const end = (255 / factor).toPrecision(3).replace(/\.?0+$/, '');
  find('#g-ramp-end').textContent = `≥ ${end}/255`;
}

// ---- what changes the choice

function stepImage(by: 1 | -1): void {
  const n = chosen.image.options.length;
  chosen.image.value = String((Number(chosen.image.value) + by + n) % n);
  show();
}

function blink(on: boolean): void {
  if (isBlinking === on) return;
  isBlinking = on;
  show();
}

function choosePair(place: number): void {
  const pair = index.pairs[place];
  if (pair === undefined) return;
  chosen.protection.value = String(pair.protection);
  chosen.attack.value = String(pair.attack);
}

/** A click on a tile of the matrix leads to `#pair=PLACE`: its pictures are shown. */
function followLink(): void {
  const place = Number(/^#pair=(\d+)$/.exec(location.hash)?.[1] ?? Number.NaN);
  const pair = index.pairs[place];
  if (pair === undefined) return;
  choosePair(place);
  tabs.find((tab) => Number(tab.dataset.effect) === pair.effect)?.click();
  show();
  find('#gallery').scrollIntoView();
}

function listen(): void {
  for (const element of Object.values(chosen)) element.addEventListener('change', show);
  for (const tab of tabs) tab.addEventListener('click', show);
  find('#g-previous').addEventListener('click', () => stepImage(-1));
  find('#g-next').addEventListener('click', () => stepImage(1));
  find('#g-amplify').addEventListener('input', showAmplification);
  const button = find('#g-blink');
  for (const type of ['pointerdown', 'keydown']) button.addEventListener(type, () => blink(true));
  for (const type of ['pointerup', 'pointerleave', 'keyup', 'blur']) {
    button.addEventListener(type, () => blink(false));
  }
  addEventListener('hashchange', followLink);
}

for (const [i, name] of index.protections.entries()) chosen.protection.add(new Option(name, String(i)));
for (const [i, name] of index.attacks.entries()) chosen.attack.add(new Option(name, String(i)));
choosePair(index.first);
listen();
showAmplification();
show();
followLink();
