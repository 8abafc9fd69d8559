/** @file The findings of a run in sentences, as `run` and `report` print them: read from the run's `findings.json`. */
import type { FindingsDocument } from '../analysis/findings/findings-file.ts';
import { print, wrapped } from './terminal.ts';

/** Prints one paragraph for each protection, effect by effect, and whether mimics gain from fine-tuning. */
export function printFindings({ protections, mimicGains }: FindingsDocument): void {
  const said = protections.filter(({ leading }) => leading);
  let effect = '';
  for (const { name, role, metric, symbol, sentence, againstPlacebo } of said) {
    if (metric !== effect) print(`\nmetric ${metric} (effect d = ${symbol})`);
    effect = metric;
    const remark = role === 'protection' ? '' : role === 'placebo' ? ' (placebo)' : ' (unprotected baseline)';
    print(
      `  ${name}${remark}\n${wrapped(againstPlacebo === null ? sentence : `${sentence} ${againstPlacebo}`, 4)}`,
    );
  }
  for (const { leading, sentence } of mimicGains) if (leading) print(`\n${wrapped(sentence, 2)}`);
  if (said.length > 0) print('');
}
