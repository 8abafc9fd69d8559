import { describe, expect, it } from 'vitest';
import { expected, unfitModel, unknownName } from '../../src/messages/index.ts';
import { mergeChoices, parseModelChoices } from '../../src/models/choice.ts';
import { entry } from './fixture.ts';

const entries = [
  entry({ id: 'whole', roles: { 'vae-encoder': { file: 'e' }, 'vae-decoder': { file: 'd' } }, files: {} }),
  entry({ id: 'eye', roles: { 'image-embedder': { file: 'e' } }, files: {} }),
];
const parse = (value: unknown) => parseModelChoices(value, () => ({ file: 'e.yaml', line: 3 }), entries);

describe('a choice of models', () => {
  it('of a group stands for each of its roles', () => {
    const whole = { kind: 'entry', id: 'whole' };
    expect(parse({ vae: 'whole' })).toEqual({ 'vae-encoder': whole, 'vae-decoder': whole });
  });

  it('of a role comes before one of its group, in whatever order they are written', () => {
    const choices = parse({ 'vae-decoder': './mine.onnx', vae: 'whole' });
    expect(choices['vae-encoder']).toEqual({ kind: 'entry', id: 'whole' });
    expect(choices['vae-decoder']).toEqual({ kind: 'file', path: './mine.onnx', fill: {} });
  });

  it('may be an autoencoder of files with their scale and range', () => {
    const choices = parse({
      vae: { encoder: './e.onnx', decoder: './d.onnx', scale: 0.18215, range: [-1, 1] },
    });
    const fill = { scale: 0.18215, mean: 0.5, std: 0.5 };
    expect(choices).toEqual({
      'vae-encoder': { kind: 'file', path: './e.onnx', fill },
      'vae-decoder': { kind: 'file', path: './d.onnx', fill },
    });
  });

  it('may be a folder, which plays every role of its group', () => {
    expect(Object.keys(parse({ diffusion: '../sd15' }))).toHaveLength(4);
  });

  it('that is a single file plays the first role of its group', () => {
    expect(Object.keys(parse({ vae: 'e.onnx' }))).toEqual(['vae-encoder']);
  });

  it('from a later source wins', () => {
    const merged = mergeChoices(parse({ vae: 'whole' }), parse({ 'vae-encoder': 'x.onnx' }));
    expect(merged['vae-encoder']).toMatchObject({ path: 'x.onnx' });
    expect(merged['vae-decoder']).toMatchObject({ id: 'whole' });
  });

  it('is refused with the nearest name, the models that fit, or the accepted forms', () => {
    const place = { file: 'e.yaml', line: 3 };
    expect(() => parse({ vae: 'whol' })).toThrow(
      unknownName('model', 'whol', ['whole', 'eye'], { code: 'EXPERIMENT', place }),
    );
    expect(() => parse({ vae: 'eye' })).toThrow(unfitModel('eye', 'vae-encoder', ['whole'], place));
    expect(() => parse({ vea: 'whole' })).toThrow("Unknown role 'vea'. Did you mean 'vae'?");
    expect(() => parse({ vae: { scale: 1 } })).toThrow(
      expected("'encoder', 'decoder' or 'folder'", 'models.vae', { scale: 1 }, { code: 'EXPERIMENT', place }),
    );
    expect(() => parse({ vae: 5 })).toThrow('for models.vae but received 5');
    expect(() => parse('taesd')).toThrow('Expected a map of roles to models');
  });
});
