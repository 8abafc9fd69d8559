/** @file How to read the report, and the record of how it came about. */
import type { Manifest } from '../../run/manifest.ts';
import type { RunFolder } from '../../run/run-folder.ts';
import type { Answers } from '../../analysis/analysis.ts';
import { count } from '../../analysis/numbers.ts';
import { type Html, html } from './html.ts';

/** The words of the report. */
export function guide({ thresholds, bootstrap }: Answers): Html {
  const drawn = bootstrap.cluster === 'artist' ? 'artists with all their images' : 'images';
  return html`<section id="guide">
<h2>How to read this</h2>
<dl class="guide">
<div><dt>Four arms</dt><dd>Each image is seen four times: clean, protected, attack(clean) and attack(protected).</dd></div>
<div><dt>Control arm</dt><dd>attack(clean) is what the attack does to a picture that was never protected. Without it, an attack
that merely spoils the picture would count as a protection that survived.</dd></div>
<div><dt>Residual R</dt><dd><span class="formula">R = (d[attack(protected)] − d[attack(clean)]) / (d[protected] − d[clean])</span>
A ratio of means over images: the share of the effect that survives. 1: the attack removed nothing; 0: nothing is left.
Above 1 the attack makes the effect stronger, below 0 it turns it round.</dd></div>
<div><dt>Interval</dt><dd>${bootstrap.method === 'bca' ? 'BCa' : 'Percentile'} bootstrap, 95 %, ${bootstrap.draws.toLocaleString('en-US')} draws of ${drawn} (seed
${bootstrap.seed}), the same draws in all four arms and all cells, so that everything is paired; widened for few images as Student's t is.</dd></div>
<div><dt>Verdict</dt><dd>Read off the whole interval, never off the point. <b>holds</b>: all of it above ${thresholds.holds}.
<b>weakened</b>: between ${thresholds.broken} and ${thresholds.holds}. <b>broken</b>: all of it below ${thresholds.broken}.
<b>inconclusive</b>: it reaches over a threshold; the tile says about how many more images would settle it.
<b>no effect</b>: before any attack, the interval of the effect contains 0; of a set metric, the effect is within the noise
floor, which is what two random halves of the clean set differ by.</dd></div>
<div><dt>Would have shown</dt><dd>The smallest mean that a paired t test at 5 % finds in four cases of five, given how much these
images differ among themselves. A protection without an effect may have a smaller one.</dd></div>
<div><dt>Placebo</dt><dd>The <code>noise</code> protection is random noise. A protection that does not do better than noise of the same
size owes its result to the size of the change, not to its method. Compared is what an attack leaves of each, image by image, under
the primary effect, with noise of the same budget; seeded sign-flip test, adjusted after Holm over attacks.</dd></div>
<div><dt>Many cells</dt><dd>Each interval stands for itself; with many cells about one in twenty misses its truth.</dd></div>
</dl>
</section>`;
}

/** Everything needed to make the run again. */
export function provenance({ manifest, cells }: RunFolder): Html {
  const { dataset, experiment, environment } = manifest;
  const metrics = [...new Map(cells.map(({ metric }) => [metric.label, metric])).values()];
  const links = new Map(
    cells
      .flatMap((cell) => [cell.protection, cell.attack, cell.metric].flatMap((setting) => setting.links))
      .map(({ id, name, version }) => [id, { name, version }]),
  );
  return html`<section id="provenance">
<h2>Provenance</h2>
<details open><summary>Experiment file <code>${experiment.file}</code></summary><pre>${experiment.text}</pre></details>
<details><summary>Data set: ${dataset.name}, ${count(dataset.items.length, 'image')}</summary>
${dataset.notes.map((note) => html`<p>${note}</p>`)}
<div class="scroll"><table><thead><tr><th>image</th><th>artist</th><th>title</th><th>licence</th><th>sha256</th></tr></thead>
<tbody>${dataset.items.map(({ id, artist, title, licence, sha256 }) => html`<tr><td>${id}</td><td>${artist}</td><td>${title}</td><td>${licence}</td><td><code>${sha256.slice(0, 16)}</code></td></tr>`)}</tbody></table></div></details>
<details><summary>Metrics and plug-ins</summary>
<ul>${metrics.map(({ label, protocol }) => html`<li><code>${label}</code>: ${protocol}</li>`)}</ul>
<p>${[...links].map(([id, { version }]) => `${id}@${version}`).join(', ')}</p></details>
<details><summary>Machine and libraries</summary>
<p>${environment.os} ${environment.arch}, ${environment.cpu}, ${count(environment.cores, 'core')}, ${(environment.memoryBytes / 2 ** 30).toFixed(1)} GiB, ${count(environment.workers, 'worker')}, Node ${environment.node}${deviceOf(environment)}</p>
<p>${Object.entries(environment.libraries)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ')}</p></details>
<details><summary>Whole manifest</summary><pre>${JSON.stringify(manifest, null, 2)}</pre></details>
</section>`;
}

/** `; networks on webgpu (NVIDIA H100)`, or nothing where no network ran. */
function deviceOf({ device }: Manifest['environment']): string {
  if (device === undefined) return '';
  return `; networks on ${device.name}${device.adapter === undefined ? '' : ` (${device.adapter})`}`;
}
