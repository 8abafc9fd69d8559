/** @file How to read the report, and the record of how it came about. */
import type { Manifest } from '../../run/manifest.ts';
import type { RunFolder } from '../../run/run-folder.ts';
import { THRESHOLDS } from '../../stats/verdict.ts';
import type { Answers } from '../../analysis/answers.ts';
import { count } from '../../analysis/numbers.ts';
import { type Html, html } from './html.ts';

/** The terms of the report. */
export function guide({ thresholds, inference, comparisons }: Answers): Html {
  const { holds, broken, amplified = THRESHOLDS.amplified } = thresholds;
  const adjusted = comparisons.adjust === 'benjamini-hochberg' ? 'Benjamini and Hochberg' : 'Holm';
  return html`<section id="guide">
<h2>How to read this</h2>
<dl class="guide">
<div><dt>Four arms</dt><dd>Each image is measured in four versions, called arms: clean, protected, attack(clean) and attack(protected).</dd></div>
<div><dt>Control arm</dt><dd>attack(clean) is the clean image after the attack: it shows what the attack does by itself. Without
this control, an attack that only spoils the image would make the protection look as if it had survived.</dd></div>
<div><dt>Residual R</dt><dd><span class="formula">R = (d[attack(protected)] − d[attack(clean)]) / (d[protected] − d[clean])</span>
R is the share of the effect that survives the attack. It is a ratio of means over images. At 1 the attack removed nothing; at 0
nothing is left. Above 1 the attack makes the effect stronger; below 0 it reverses the effect.</dd></div>
<div><dt>Interval</dt><dd>${intervals(inference)} All comparisons are paired.</dd></div>
<div><dt>Verdict</dt><dd>A verdict is read from whole intervals, never from a point estimate.
<b>holds</b>: the whole interval of R is above ${holds}. <b>broken</b>: the whole interval is below ${broken}.
<b>weakened</b>: the interval lies between ${broken} and ${holds}. <b>amplified</b>: the interval is above ${amplified}, so the
attack makes the effect larger. <b>destroyed</b>: the attack ruins the clean image as
well, so it breaks nothing. <b>no effect</b>: before any attack, the interval of the effect excludes every effect that
matters. <b>inconclusive</b>: the interval crosses a threshold, or an effect is neither shown nor excluded; the tile says
roughly how many more images would settle it.</dd></div>
<div><dt>Smallest effect of interest</dt><dd>An effect below it counts as none. For mimicry it is a tenth of what the mimic gains
from clean images. Other metrics have their own; a metric without one never shows that there is no effect.</dd></div>
<div><dt>Smallest detectable effect</dt><dd>The smallest mean effect that a paired t-test at the 5 % level would find with 80 %
power, given how much these images vary. A protection reported without an effect may have a smaller one.</dd></div>
<div><dt>Placebo</dt><dd>The placebo is random noise. If a protection does no better than noise of the same
size, its result comes from the size of the change, not from its method. The report compares what an attack leaves of each, image
by image, under the primary effect and at the same budget. The test is a seeded sign-flip test with Holm's correction over
attacks.</dd></div>
<div><dt>Many cells</dt><dd>Each interval is computed for one cell alone: about one in twenty misses the true value by chance.
${inference.method === 't' && `Verdicts are adjusted over all attacks on a protection (${adjusted}), so that no attack breaks it by chance alone.`}</dd></div>
</dl>
</section>`;
}

/** How intervals are computed. */
function intervals({ method, cluster, draws, seed }: Answers['inference']): string {
  const over =
    cluster === 'artist'
      ? 'Artists are the replicates, with all that is theirs.'
      : 'Images are the replicates; if a mimic was trained several times, so are the trainings.';
  if (method === 't')
    return `95 % intervals are Student's for means, and Fieller's for R, a ratio of means. ${over} R has no interval if its effect cannot be told from 0.`;
  const name = method === 'bca' ? 'BCa' : 'percentile';
  return `95 % intervals come from a ${name} bootstrap: ${draws.toLocaleString('en-US')} draws, seed ${seed}, widened for few units. ${over}`;
}

/** Everything that is needed to repeat the run. */
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

/** `; networks on webgpu (NVIDIA H100)`, or nothing if no network ran. */
function deviceOf({ device }: Manifest['environment']): string {
  if (device === undefined) return '';
  return `; networks on ${device.name}${device.adapter === undefined ? '' : ` (${device.adapter})`}`;
}
