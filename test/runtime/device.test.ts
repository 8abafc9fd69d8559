import { describe, expect, it } from 'vitest';
import { deviceFailed, unknownName } from '../../src/messages/index.ts';
import { fromNumbers } from '../../src/onnx/tensor.ts';
import { type Device, describeDevices, devices, offeredDevices } from '../../src/runtime/device.ts';
import { installScript } from '../../src/runtime/ort.ts';
import { openSession } from '../../src/runtime/session.ts';
import { sharedPath } from '../shared.ts';
import { difference } from './models.ts';
import { useSwiftShader } from './swiftshader.ts';

const x = fromNumbers('float32', [1, 2], [1, 2]);
const y = fromNumbers('float32', [1, 2], [3, 5]);

describe('devices', () => {
  it('an unknown one is refused with the nearest name', async () => {
    const error = unknownName('device', 'webgp', ['auto', ...devices]);
    await expect(openSession(difference, { device: 'webgp' as Device })).rejects.toThrow(error.message);
  });

  it('one that this platform lacks, or that does not work, is refused with what to do', async () => {
    const offered = await offeredDevices();
    const absent = devices.find((device) => !offered.includes(device))!;
    await expect(openSession(difference, { device: absent })).rejects.toThrow(
      deviceFailed(
        absent,
        `onnxruntime-node offers ${offered.join(', ')} on ${process.platform} ${process.arch}`,
        installScript(),
      ).message,
    );
    const { devices: states } = await describeDevices();
    for (const { device, works } of states.filter((state) => !state.works)) {
      await expect(openSession(difference, { device }), `${device} ${works}`).rejects.toThrow(
        new RegExp(
          `^Cannot use device '${device}': .*\nPossible solutions:\n(  - .*\n)*  - run on the CPU: --device cpu$`,
        ),
      );
    }
  });

  it('are described with what `auto` means', async () => {
    const report = await describeDevices();
    expect(report.onnxruntime).toMatch(/^1\.\d+\.\d+$/);
    expect(report.threads).toBeGreaterThan(0);
    expect(report.devices[0]).toEqual({ device: 'cpu', works: true });
    expect(report.devices.map(({ device }) => device)).toContain(report.auto);
    const session = await openSession(difference, { device: 'auto' });
    expect(session.device).toBe(report.auto);
  });
});

const noWebGpu = useSwiftShader();
const webgpu = noWebGpu
  ? undefined
  : (await describeDevices()).devices.find(({ device }) => device === 'webgpu');
const why = noWebGpu ?? webgpu?.why ?? (webgpu === undefined ? 'not offered on this platform' : undefined);

describe.skipIf(why)(`WebGPU${why ? ` (skipped: ${why})` : ''}`, () => {
  it('tells its adapter, and a software adapter is not what `auto` takes', async () => {
    expect(webgpu!.adapter).toBeTypeOf('string');
    if (/swiftshader|llvmpipe/i.test(webgpu!.adapter!))
      expect((await describeDevices()).auto).not.toBe('webgpu');
  });

  it('computes what the CPU computes', async () => {
    const session = await openSession(difference, { device: 'webgpu' });
    expect(await session.run({ a: x, b: y })).toEqual({
      y: fromNumbers('float32', [1, 2], [-2, -3]),
      total: fromNumbers('float32', [], [-5]),
    });
    await session.close();
  });

  const golden = sharedPath('golden', 'gradients', 'conv-zoo', 'model.onnx');
  it.skipIf(golden === undefined)('agrees with the CPU on a network of convolutions', async () => {
    const cpu = await openSession(golden!);
    const gpu = await openSession(golden!, { device: 'webgpu' });
    const dims = cpu.inputs[0]!.dims.map(Number);
    const size = dims.reduce((a, b) => a * b);
    const inputs = {
      x: fromNumbers(
        'float32',
        dims,
        Array.from({ length: size }, (_, i) => Math.sin(i)),
      ),
    };
    const [expected, actual] = [await cpu.run(inputs), await gpu.run(inputs)];
    const [e, a] = [expected.y!.data as Float32Array, actual.y!.data as Float32Array];
    const largest = e.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
    expect(e.reduce((max, v, i) => Math.max(max, Math.abs(v - a[i]!)), 0)).toBeLessThan(1e-5 * largest);
  });
});
