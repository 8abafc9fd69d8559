import { describe, expect, it } from 'vitest';
import type { MetricSetting } from '../../src/experiment/setting.ts';
import { effectsOf } from '../../src/analysis/effect.ts';
import { qualityOf } from '../../src/analysis/utility.ts';
import { metricSettings } from '../../src/experiment/settings.ts';
import { metrics } from '../../src/metrics/index.ts';
import { settingOf } from '../report-fixture.ts';

const metricOf = (id: string, parts: Partial<MetricSetting> = {}): MetricSetting => ({
  ...settingOf(id),
  kind: 'pair',
  unit: '',
  higherIsBetter: true,
  effect: 'complement',
  measures: 'fidelity',
  protocol: id,
  ...parts,
});

describe('a metric as an effect', () => {
  it('has the form that its plug-in states, whatever its unit', () => {
    const [plain] = effectsOf([metricOf('level', { unit: 'dB' })]);
    expect(plain!.symbol).toBe('1 − level');
    expect(plain!.of(0.25)).toBe(0.75);
    const [level] = effectsOf([metricOf('loudness', { unit: 'phon', effect: 'amplitude' })]);
    expect(level!.symbol).toBe('10^(−loudness/20)');
    expect(level!.of(20)).toBeCloseTo(0.1, 15);
    expect(level!.of(Infinity)).toBe(0);
    const [distance] = effectsOf([metricOf('distance', { effect: 'value' })]);
    expect(distance!.of(0.25)).toBe(0.25);
  });

  it('is by default the complement if higher is better, and the value if lower is', () => {
    const forms = metricSettings('psnr').concat(metricSettings('ms-ssim'), metricSettings('linf'));
    expect(forms.map(({ effect }) => effect)).toEqual(['amplitude', 'complement', 'value']);
  });

  it('in dB is an amplitude, in every plug-in', () => {
    for (const { id, unit, effect } of Object.values(metrics))
      expect([id, effect === 'amplitude']).toEqual([id, unit === 'dB']);
  });

  it('is primary by its rank, whatever its name, and by its place without one', () => {
    const first = (...all: readonly MetricSetting[]) => effectsOf(all)[0]!.metric.label;
    expect(first(metricOf('a'), metricOf('b', { primary: 2 }), metricOf('c', { primary: 1 }))).toBe('c');
    expect(first(metricOf('a'), metricOf('ssim'))).toBe('a');
    expect(first(...['psnr', 'lpips', 'ssim'].flatMap((call) => metricSettings(call)))).toBe('ssim');
  });

  it('measures quality by its rank among metrics of fidelity: LPIPS before SSIM before the rest', () => {
    const quality = (...calls: readonly string[]) =>
      qualityOf(effectsOf(calls.flatMap((call) => metricSettings(call))))!.metric.label;
    expect(quality('psnr', 'ssim', 'lpips-vgg', 'lpips')).toBe('lpips-vgg');
    expect(quality('psnr', 'ssim', 'ms-ssim')).toBe('ssim');
    expect(quality('psnr', 'ms-ssim')).toBe('psnr');
    const ranked = metricOf('haze', { quality: 0 });
    expect(qualityOf(effectsOf([...metricSettings('lpips'), ranked]))!.metric).toBe(ranked);
  });
});
