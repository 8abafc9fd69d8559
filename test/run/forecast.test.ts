import { describe, expect, it } from 'vitest';
import type { WorkEstimate } from '../../src/plan/estimate.ts';
import { forecastOf } from '../../src/run/forecast.ts';
import type { Job } from '../../src/jobs/job.ts';
import { workOf } from '../../src/jobs/stages/index.ts';

const protect = (seed: number): Job => ({
  stage: 'protect',
  input: 'a'.repeat(64),
  steps: [{ id: 'mist', version: 1, params: {} }],
  seed,
});
const estimate = (given: Partial<WorkEstimate>): WorkEstimate => ({
  work: workOf(protect(0)),
  stage: 'protect',
  jobs: 10,
  cached: 0,
  toRun: 10,
  ms: null,
  counted: false,
  ...given,
});
const executed = (seed: number, ms: number) => ({ job: protect(seed), outcome: 'executed' as const, ms });

describe('the forecast of a run', () => {
  it('takes times of earlier runs at first, shared by the threads', () => {
    expect(forecastOf([estimate({ ms: 50_000 })], 2).left()).toBe(25_000);
  });

  it('believes the first job of work that was never timed', () => {
    const forecast = forecastOf([estimate({})], 1);
    forecast.ended(executed(0, 20_000));
    expect(forecast.left()).toBeGreaterThan(160_000);
    expect(forecast.left()).toBeLessThanOrEqual(180_000);
    expect(forecast.share()).toBeCloseTo(0.1, 1);
  });

  it('believes the pace of a job under way, once it tells', () => {
    const forecast = forecastOf([estimate({})], 1);
    expect(forecast.reached(protect(0), 0, 1000)).toBeUndefined();
    expect(forecast.reached(protect(0), 0.01, 1200)).toBeUndefined();
    expect(forecast.reached(protect(0), 0.5, 11_000)).toBeCloseTo(10_000, 6);
    expect(forecast.left()).toBeGreaterThan(170_000);
    expect(forecast.left()).toBeLessThan(190_001);
  });

  it('corrects what an earlier run said as jobs end, and is done when they all have', () => {
    const forecast = forecastOf([estimate({ ms: 10_000 })], 1);
    for (let k = 0; k < 8; k++) forecast.ended(executed(k, 4000));
    expect(forecast.left()).toBeGreaterThan(2 * 3000);
    expect(forecast.left()).toBeLessThan(2 * 4000);
    for (let k = 8; k < 10; k++) forecast.ended(executed(k, 4000));
    expect([forecast.left(), forecast.share()]).toEqual([0, 1]);
  });

  it('does not count what the store had after all', () => {
    const forecast = forecastOf([estimate({ ms: 10_000 })], 1);
    forecast.ended({ job: protect(0), outcome: 'reused', ms: 0 });
    expect(forecast.left()).toBe(10_000);
  });
});
