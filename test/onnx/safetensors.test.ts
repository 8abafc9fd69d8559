import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { brokenSafetensors } from '../../src/messages/index.ts';
import { encodeSafetensors, readSafetensors, writeSafetensors } from '../../src/onnx/safetensors.ts';
import { fromNumbers } from '../../src/onnx/tensor.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'craquelure-safetensors-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('a safetensors file', () => {
  const tensors = {
    'unet.a.weight': fromNumbers('float32', [2, 3], [1, -2, 3.5, 0, 1e-20, -0]),
    half: fromNumbers('float16', [3], [0.5, 1, -65504]),
    step: fromNumbers('int64', [], [123]),
    mask: fromNumbers('bool', [1, 2], [1, 0]),
    none: fromNumbers('float32', [0, 4], []),
  };

  it('comes back as it was written, metadata included', async () => {
    const path = join(dir, 'all.safetensors');
    await writeSafetensors(path, tensors, { rank: '4', 'a key': 'Ä' });
    expect(await readSafetensors(path)).toEqual({ tensors, metadata: { rank: '4', 'a key': 'Ä' } });
  });

  it('is laid out as the format says: header of whole eights, values without gaps, wide ones first', () => {
    const bytes = Buffer.from(encodeSafetensors(tensors));
    const length = Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.toString('utf8', 8, 8 + length)) as Record<
      string,
      { data_offsets: number[] }
    >;
    expect(length % 8).toBe(0);
    expect(Object.keys(header)[0]).toBe('step');
    let at = 0;
    for (const { data_offsets } of Object.values(header)) {
      expect(data_offsets[0]).toBe(at);
      at = data_offsets[1]!;
    }
    expect(8 + length + at).toBe(bytes.length);
  });

  it('may hold bfloat16, which is read as float32', async () => {
    const path = join(dir, 'bf16.safetensors');
    const header = Buffer.from('{"x":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}  ');
    const bytes = Buffer.concat([Buffer.alloc(8), header, Buffer.from([0x80, 0x3f, 0x20, 0xc0])]);
    bytes.writeBigUInt64LE(BigInt(header.length), 0);
    await writeFile(path, bytes);
    expect((await readSafetensors(path)).tensors.x).toEqual(fromNumbers('float32', [2], [1, -2.5]));
  });

  it('that is cut short, missing or something else is an error that names it', async () => {
    const path = join(dir, 'short.safetensors');
    await writeSafetensors(path, tensors);
    await truncate(path, (await readFile(path)).length - 3);
    await expect(readSafetensors(path)).rejects.toThrow(
      brokenSafetensors(
        path,
        "'half' [3] needs 6 bytes within the file, which is cut short or damaged. Download it again",
      ),
    );
    await writeFile(path, 'not at all a file of tensors');
    await expect(readSafetensors(path)).rejects.toThrow(
      brokenSafetensors(path, 'it is cut short, or no such file'),
    );
    await expect(readSafetensors(join(dir, 'absent'))).rejects.toThrow(/ENOENT/);
  });
});
