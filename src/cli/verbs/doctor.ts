/** @file `craquelure doctor`: what this machine has, and what is missing. */
import { note, print, printJson, size, styled } from '../terminal.ts';
import { defineVerb, json, store } from '../verb.ts';

/** One thing that was checked. */
interface Finding {
  readonly what: string;
  readonly state: 'ok' | 'absent' | 'problem';
  readonly detail: string;
}

export const doctor = defineVerb({
  command: 'doctor',
  describe: 'check this machine: libraries, devices, folders',
  options: { store, json },
  handler: async (args) => {
    const { describeDevices } = await import('../../runtime/device.ts');
    const { describeEnvironment, toolVersion } = await import('../../run/manifest.ts');
    const { storeFolder } = await import('../../run/prepare.ts');
    const { availableParallelism } = await import('node:os');
    const environment = await describeEnvironment(availableParallelism());
    const devices = await describeDevices();
    const findings: Finding[] = [
      { what: 'craquelure', state: 'ok', detail: toolVersion() },
      { what: 'node', state: 'ok', detail: `${environment.node} on ${environment.os} ${environment.arch}` },
      {
        what: 'machine',
        state: 'ok',
        detail: `${environment.cpu}, ${environment.cores} cores, ${size(environment.memoryBytes)}`,
      },
      {
        what: 'sharp',
        state: 'ok',
        detail: `${environment.libraries.sharp} with libvips ${environment.libraries.vips}`,
      },
      {
        what: 'onnxruntime',
        state: 'ok',
        detail: `${devices.onnxruntime}; --device auto is ${devices.auto} here`,
      },
      ...devices.devices.map(
        ({ device, works, why, fix, adapter }): Finding => ({
          what: `device ${device}`,
          state: works ? 'ok' : 'absent',
          detail: works ? (adapter ?? 'works') : [why ?? 'does not work', ...(fix ? [fix] : [])].join('; '),
        }),
      ),
      await packageFinding('@tensorflow/tfjs-node-gpu'),
      await folderFinding(storeFolder(args.store)),
    ];
    if (args.json) return printJson({ findings, environment, devices });
    const width = Math.max(...findings.map(({ what }) => what.length));
    const marks = {
      ok: styled('green', 'ok     '),
      absent: styled('dim', 'absent '),
      problem: styled('red', 'problem'),
    };
    for (const { what, state, detail } of findings)
      print(`${marks[state]}  ${what.padEnd(width)}  ${detail}`);
    const problems = findings.filter(({ state }) => state === 'problem');
    if (problems.length > 0)
      note(`${problems.length} ${problems.length === 1 ? 'problem' : 'problems'} found`);
  },
});

/** An optional package: it is not a problem if it is absent. */
async function packageFinding(name: string): Promise<Finding> {
  const { createRequire } = await import('node:module');
  try {
    const { version } = createRequire(import.meta.url)(`${name}/package.json`) as { version: string };
    return { what: name, state: 'ok', detail: version };
  } catch {
    return { what: name, state: 'absent', detail: `optional: runs engine tfjs on CUDA; npm install ${name}` };
  }
}

/** Whether the store can be written, and how much space is free. */
async function folderFinding(dir: string): Promise<Finding> {
  const { mkdtemp, rm, statfs } = await import('node:fs/promises');
  const { makeFolder } = await import('../../files/folders.ts');
  const { join } = await import('node:path');
  try {
    await makeFolder(dir);
    await rm(await mkdtemp(join(dir, 'doctor-')), { recursive: true });
    const { bavail, bsize } = await statfs(dir);
    return { what: 'artefact store', state: 'ok', detail: `${dir}, ${size(bavail * bsize)} free` };
  } catch (error) {
    return { what: 'artefact store', state: 'problem', detail: `${dir}: ${(error as Error).message}` };
  }
}
