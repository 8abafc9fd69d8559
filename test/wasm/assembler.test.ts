import { expect, it } from 'vitest';
import { kernelsOfAnySize } from '../../src/wasm/module.ts';
import { f32x4, i32, i32x4, repeat, sequence, v128 } from '../../src/wasm/assembler.ts';

it('loops over memory, four floats at a time', () => {
  const { functions, memory } = kernelsOfAnySize(() => ({
    scale: {
      parameters: ['i32', 'i32', 'f32'],
      body: ({ parameters, local }) => {
        const [at, count, factor] = [parameters[0]!, parameters[1]!, parameters[2]!];
        const four = local('v128');
        return repeat(
          count,
          sequence(
            four.set(f32x4.mul(v128.load(at.get, 0), f32x4.splat(factor.get))),
            v128.store(at.get, 0, f32x4.sub(four.get, f32x4.constant(0.5))),
            at.set(i32.add(at.get, i32.constant(16))),
          ),
        );
      },
    },
  }))(64, 1);
  const values = new Float32Array(memory, 16, 8);
  values.set([1, 2, 3, 4, 5, 6, 7, 8]);
  functions.scale(16, 2, 3);
  expect([...values]).toEqual([2.5, 5.5, 8.5, 11.5, 14.5, 17.5, 20.5, 23.5]);
});

it('gathers pairs from addresses in lanes, for numbers of any length', () => {
  const far = 200_000;
  const { functions, memory } = kernelsOfAnySize(() => ({
    gather: {
      parameters: ['i32'],
      body: ({ parameters }) => {
        const to = parameters[0]!;
        const at = i32x4.shl(i32x4.constant(far / 8), 3);
        const pair = (lane: number) => v128.loadHalf(i32x4.lane(at, lane), 8 * lane);
        const all = v128.pick(v128.loadHalf(i32x4.lane(at, 1), 8, pair(0)), pair(2), [0, 3, 4, 5]);
        return v128.store(to.get, 0, v128.and(all, i32x4.constant(-1)));
      },
    },
  }))(300_000, 1);
  new Float32Array(memory, far, 8).set([1, 2, 3, 4, 5, 6, 7, 8]);
  functions.gather(0);
  expect([...new Float32Array(memory, 0, 4)]).toEqual([1, 4, 5, 6]);
});
