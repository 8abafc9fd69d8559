import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const HEAVY = ['sharp', 'onnxruntime-node', 'vega', 'vega-lite', 'opentype.js'];

it('heavy packages are loaded when first used, so that help and lists answer at once', () => {
  const source = new URL('../src', import.meta.url).pathname;
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  expect(files.length).toBeGreaterThan(10);
  const early = files.flatMap((file) =>
    [
      ...readFileSync(join(source, file), 'utf8').matchAll(
        /^(?:import|export)\s(?!type\b)[^;]*?from '([^']+)'/gm,
      ),
    ]
      .filter(([, specifier]) => HEAVY.includes(specifier!))
      .map(([, specifier]) => `${file} imports ${specifier}`),
  );
  expect(early).toEqual([]);
});
