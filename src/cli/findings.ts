/** @file What a run found, in sentences, as `run` and `report` print it: read from the run's `findings.json`. */
import type { FindingsDocument } from '../analysis/findings-file.ts';
import { print, wrapped } from './terminal.ts';

/** Prints one paragraph a protection, effect by effect, and whether mimics have learnt anything. */
export function printFindings({ protections, learnings }: FindingsDocument): void {
  const said = protections.filter(({ leading }) => leading);
  let effect = '';
  for (const { name, role, metric, effect: symbol, sentence, besideNoise } of said) {
    if (metric !== effect) print(`\nmetric ${metric} (effect d = ${symbol})`);
    effect = metric;
    const remark = role === 'protection' ? '' : role === 'placebo' ? ' (placebo)' : ' (unprotected baseline)';
    print(
      `  ${name}${remark}\n${wrapped(besideNoise === null ? sentence : `${sentence} ${besideNoise}`, 4)}`,
    );
  }
  for (const { leading, sentence } of learnings) if (leading) print(`\n${wrapped(sentence, 2)}`);
  if (said.length > 0) print('');
}
