/** @file The voting page: one file that opens from disk, asks two questions about each pair, and saves the answers as JSON. */
import type { RunFolder } from '../../run/run-folder.ts';
import { type BallotPair, ballotOf } from '../ballot.ts';
import { thumbnail } from '../sheets.ts';
import type { ShownBallot } from './client/page-data.ts';
import { clientScript } from './client-script.ts';
import { html, jsonScript, trusted } from './html.ts';

/** The page of a run; undefined if there is nothing to vote on. */
export async function votePage(run: RunFolder): Promise<string | undefined> {
  const pairs = ballotOf(run);
  if (pairs.length === 0) return undefined;
  const shown = await Promise.all(pairs.map(shownPair));
  const artists = [...new Set(pairs.map(({ artist }) => artist))];
  const references: Record<string, string[]> = {};
  for (const artist of artists) references[artist] = await referencesOf(run, artist);
  const data: ShownBallot = { run: run.manifest.run, pairs: shown, references };
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${run.manifest.name} – blind vote</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<main>
<h1>Which image?</h1>
<p id="progress" role="status"></p>
<section><h2>Reference images of the style</h2><div id="references"></div></section>
<section><h2 id="prompt"></h2><div id="pair">
<figure><img id="left" alt="left image"><figcaption>left</figcaption></figure>
<figure><img id="right" alt="right image"><figcaption>right</figcaption></figure></div></section>
<fieldset data-asks="style"><legend>Ignore the quality: which image fits the style of the reference images better?</legend>
<button type="button" data-question="style" data-side="left">left</button> <button type="button" data-question="style" data-side="right">right</button></fieldset>
<fieldset data-asks="quality"><legend>Consider noise, flaws, detail and the prompt: which image has the higher quality?</legend>
<button type="button" data-question="quality" data-side="left">left</button> <button type="button" data-question="quality" data-side="right">right</button></fieldset>
<p class="keys">Keys: <kbd>←</kbd> and <kbd>→</kbd> answer the marked question. <kbd>↑</kbd> and <kbd>↓</kbd> go to the previous and
the next pair. Your answers stay in this browser; save them as a file when you have finished.</p>
<p><button type="button" id="back">back</button> <button type="button" id="next">next</button> <button type="button" id="save">save my votes</button></p>
</main>
${jsonScript('ballot', data)}
${await clientScript(['vote'])}
</body>
</html>
`.html;
}

/** What a voter may see of a pair: not which side is which. */
const shownPair = async ({ id, artist, prompt, left, right }: BallotPair) => ({
  id,
  artist,
  prompt,
  left: await thumbnail(left, 384),
  right: await thumbnail(right, 384),
});

/** Four clean pictures of an artist. */
async function referencesOf({ images }: RunFolder, artist: string): Promise<string[]> {
  const own = images.filter((image) => image.arm === 'clean' && (artist === '*' || image.artist === artist));
  return Promise.all(own.slice(0, 4).map(({ path }) => thumbnail(path, 256)));
}

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.45 system-ui, sans-serif; }
main { max-width: 860px; margin: 0 auto; padding: 16px; }
h1 { font-size: 22px; margin: 0; } h2 { font-size: 15px; margin: 14px 0 6px; }
#references { display: flex; gap: 8px; overflow-x: auto; } #references img { height: 120px; }
#pair { display: grid; grid-template-columns: 1fr 1fr; gap: 12px; } #pair img { width: 100%; } figure { margin: 0; }
figcaption { text-align: center; } fieldset { margin: 12px 0; border: 1px solid #8888; border-radius: 4px; }
fieldset[aria-current="true"] { border-color: #2f6fb1; box-shadow: inset 3px 0 0 #2f6fb1; }
button { font: inherit; padding: 6px 22px; } button[aria-pressed="true"] { outline: 3px solid #2f6fb1; }
.keys { font-size: 13px; opacity: 0.75; }
@media (max-width: 520px) { main { padding: 10px; } #references img { height: 84px; } #pair { gap: 6px; } }
`;
