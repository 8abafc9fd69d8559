/**
 * @file The devices that models run on: which there are, which works, what it is called.
 *
 * A device is one of ONNX Runtime's execution providers. ONNX Runtime runs on the CPU what the device cannot run.
 */
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { deviceFailed, deviceFixes, unknownName } from '../messages/index.ts';
import { installScript, loadOnnxRuntime, onnxRuntimeFolder, reasonInside } from './ort.ts';

/** Every device that onnxruntime-node has on some platform. */
export const devices = ['cpu', 'cuda', 'tensorrt', 'webgpu', 'dml', 'coreml'] as const;

export type Device = (typeof devices)[number];

/** One device of this machine. */
export interface DeviceState {
  readonly device: Device;
  readonly works: boolean;
  /** Why it does not work. */
  readonly why?: string;
  /** What may make it work: the first thing to try, with its command. */
  readonly fix?: string;
  /** The WebGPU adapter (the GPU, or a software driver), where the platform tells its name. */
  readonly adapter?: string;
}

/** What `doctor` prints and manifests record. */
export interface DeviceReport {
  /** Version of ONNX Runtime. */
  readonly onnxruntime: string;
  readonly devices: readonly DeviceState[];
  /** What `auto` means here. */
  readonly auto: Device;
  /** CPU threads that this process may use at once. */
  readonly threads: number;
}

/** The devices built into this platform's onnxruntime-node, whether or not they work here. */
export async function offeredDevices(): Promise<readonly Device[]> {
  const { listSupportedBackends } = await loadOnnxRuntime();
  const names = listSupportedBackends().map((backend) => backend.name);
  return devices.filter((device) => names.includes(device));
}

/** Looks at the machine: tries every offered device in a process of its own. About a second. */
export async function describeDevices(): Promise<DeviceReport> {
  const ort = await loadOnnxRuntime();
  const states = await Promise.all((await offeredDevices()).map(describeDevice));
  return {
    onnxruntime: ort.env.versions.node ?? ort.env.versions.common,
    devices: states,
    auto: fastest(states),
    threads: availableParallelism(),
  };
}

/** The device that a name stands for. Throws if this platform does not offer it. */
export async function resolveDevice(name: Device | 'auto'): Promise<Device> {
  if (name === 'cpu') return name;
  if (name === 'auto') return autoDevice();
  if (!devices.includes(name)) throw unknownName('device', name, ['auto', ...devices], { code: 'USAGE' });
  const offered = await offeredDevices();
  if (!offered.includes(name)) {
    throw deviceFailed(
      name,
      `onnxruntime-node offers ${offered.join(', ')} on ${process.platform} ${process.arch}`,
      installScript(),
    );
  }
  return name;
}

let auto: Promise<Device> | undefined;

function autoDevice(): Promise<Device> {
  auto ??= describeDevices().then((report) => report.auto);
  return auto;
}

/** Software drivers of Vulkan and Direct3D: right, and slower than the CPU provider. */
const softwareAdapter = /swiftshader|llvmpipe|lavapipe|basic render/i;

// CoreML computes in half precision on some chips and TensorRT takes minutes to build: both only by name.
const bySpeed: readonly Device[] = ['cuda', 'dml', 'webgpu'];

function fastest(states: readonly DeviceState[]): Device {
  const works = (device: Device): boolean =>
    states.some((s) => s.device === device && s.works && !softwareAdapter.test(s.adapter ?? ''));
  return bySpeed.find(works) ?? 'cpu';
}

/**
 * `y = x` for one float, opset 13: the smallest model, spelled as protobuf so that probing needs no other room.
 * ModelProto { ir_version: 8, graph: { node: [Identity], name: 'g', input: [x], output: [y] }, opset_import: 13 }
 */
const identityModel = 'CAg6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCAhAN';

// A broken driver may end the process that tries it, so the trial runs in another one.
const trial = `
const [folder, device, model] = process.argv.slice(1);
const ort = require(folder);
ort.env.logLevel = 'fatal';
ort.InferenceSession.create(Buffer.from(model, 'base64'), { executionProviders: [device], logSeverityLevel: 4 })
  .then((session) => session.run({ x: new ort.Tensor('float32', [1], [1]) }))
  .then(() => process.exit(0), (error) => { console.log(error.message); process.exit(1); });
`;

/** Tries one device, in a process of its own where its driver could end ours. */
export async function describeDevice(device: Device): Promise<DeviceState> {
  if (device === 'cpu') return { device, works: true };
  const { failed, stdout, stderr } = await runTrial(device);
  if (failed) {
    const why = stdout.trim() === '' ? 'the driver ended the process that tried it' : reasonInside(stdout);
    const [fix] = deviceFixes(device, installScript());
    return { device, works: false, why, ...(fix !== undefined && { fix }) };
  }
  const adapter = device === 'webgpu' ? vulkanDevice(stderr) : undefined;
  return { device, works: true, ...(adapter !== undefined && { adapter }) };
}

function runTrial(device: Device): Promise<{ failed: boolean; stdout: string; stderr: string }> {
  // ONNX Runtime does not tell the adapter's name, but the Vulkan loader does when asked to speak.
  const env = { ...process.env, VK_LOADER_DEBUG: 'driver' };
  const args = ['--input-type=commonjs', '-e', trial, onnxRuntimeFolder(), device, identityModel];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env, timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ failed: error !== null, stdout, stderr }),
    );
  });
}

/** The device that the Vulkan loader's log says was created last: `Using "NVIDIA H100" with driver: "..."`. */
function vulkanDevice(log: string): string | undefined {
  return [...log.matchAll(/Using "(.+)" with driver:/g)].at(-1)?.[1];
}
