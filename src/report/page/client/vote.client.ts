/** @file The voting page: shows pairs, takes answers, keeps them in this browser, saves them as a file. */
import type { Question, ShownBallot, Side, Votes } from './page-data.ts';

const QUESTIONS: readonly Question[] = ['style', 'quality'];

const find = <E extends Element>(selector: string): E => document.querySelector<E>(selector)!;
const { run, pairs, references } = JSON.parse(find('#ballot').textContent!) as ShownBallot;
type Pair = ShownBallot['pairs'][number];

// ---- votes: `PAIR/QUESTION` to the side that was chosen

const KEY = `craquelure votes ${run}`;

function keptVotes(): [string, Side][] {
  try {
    return (JSON.parse(localStorage.getItem(KEY)!) as [string, Side][] | null) ?? [];
  } catch {
    return [];
  }
}

function keepVotes(): void {
  try {
    localStorage.setItem(KEY, JSON.stringify([...votes]));
  } catch {
    // A private window keeps nothing: the answers are lost with it unless they are saved.
  }
}

const nameOf = ({ id }: Pair, question: Question): string => `${id}/${question}`;

/** The inverse of `nameOf`. */
function partsOf(name: string): { pair: string; question: Question } {
  const cut = name.lastIndexOf('/');
  return { pair: name.slice(0, cut), question: name.slice(cut + 1) as Question };
}

const known = new Set(pairs.map(({ id }) => id));
const votes = new Map(keptVotes().filter(([name]) => known.has(partsOf(name).pair)));

const openQuestion = (pair: Pair): Question | undefined =>
  QUESTIONS.find((question) => !votes.has(nameOf(pair, question)));

// ---- the pair that is shown: the first open one, or the last if all are answered

const firstOpen = pairs.findIndex((pair) => openQuestion(pair) !== undefined);
let at = firstOpen < 0 ? pairs.length - 1 : firstOpen;

const urlOf = (webp: string): string => `data:image/webp;base64,${webp}`;
const fields = document.querySelectorAll<HTMLElement>('[data-asks]');
const buttons = document.querySelectorAll<HTMLElement>('[data-question]');

function show(): void {
  const pair = pairs[at]!;
  const answered = pairs.filter((each) => openQuestion(each) === undefined).length;
  const end = answered === pairs.length ? '. All pairs are answered: save your votes.' : '';
  find('#progress').textContent = `Pair ${at + 1} of ${pairs.length}, ${answered} answered${end}`;
  find('#prompt').textContent = pair.prompt;
  find<HTMLImageElement>('#left').src = urlOf(pair.left);
  find<HTMLImageElement>('#right').src = urlOf(pair.right);
  const shown = references[pair.artist]!.map((webp) =>
    Object.assign(new Image(), { src: urlOf(webp), alt: 'reference image' }),
  );
  find('#references').replaceChildren(...shown);
  showAnswers(pair);
  find<HTMLButtonElement>('#back').disabled = at === 0;
  find<HTMLButtonElement>('#next').disabled = at === pairs.length - 1;
}

function showAnswers(pair: Pair): void {
  const open = openQuestion(pair);
  for (const field of fields) field.setAttribute('aria-current', String(field.dataset.asks === open));
  for (const button of buttons) {
    const { question, side } = button.dataset;
    const isChosen = votes.get(nameOf(pair, question as Question)) === side;
    button.setAttribute('aria-pressed', String(isChosen));
  }
}

function answer(question: Question, side: Side): void {
  const pair = pairs[at]!;
  votes.set(nameOf(pair, question), side);
  keepVotes();
  if (openQuestion(pair) === undefined && at < pairs.length - 1) at++;
  show();
}

function turnPage(by: 1 | -1): void {
  at = Math.min(pairs.length - 1, Math.max(0, at + by));
  show();
}

const SIDES: Readonly<Record<string, Side>> = { ArrowLeft: 'left', ArrowRight: 'right' };
const PAGES: Readonly<Record<string, 1 | -1>> = { ArrowUp: -1, ArrowDown: 1 };

function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const side = SIDES[event.key];
  const page = PAGES[event.key];
  if (side === undefined && page === undefined) return;
  event.preventDefault();
  const open = openQuestion(pairs[at]!);
  if (page !== undefined) turnPage(page);
  else if (side !== undefined && open !== undefined && !event.repeat) answer(open, side);
}

function save(): void {
  const list = [...votes].map(([name, chosen]) => ({ ...partsOf(name), chosen }));
  const file: Votes = { run, votes: list };
  const blob = new Blob([JSON.stringify(file, null, 2)], { type: 'application/json' });
  const href = URL.createObjectURL(blob);
  Object.assign(document.createElement('a'), { href, download: 'votes.json' }).click();
}

for (const button of buttons) {
  const { question, side } = button.dataset;
  button.addEventListener('click', () => answer(question as Question, side as Side));
}
find('#back').addEventListener('click', () => turnPage(-1));
find('#next').addEventListener('click', () => turnPage(1));
find('#save').addEventListener('click', save);
addEventListener('keydown', onKey);
show();
