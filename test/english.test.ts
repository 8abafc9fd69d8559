import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { phrasesIn, proseOf, sentencesOf, wordsOf } from './english.ts';

const LONGEST = 25;
const root = new URL('..', import.meta.url);
const within = (folder: string, ending: RegExp): string[] =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((name) => ending.test(name))
    .map((name) => `${folder}/${name}`);
const textOf = (file: string): string => readFileSync(new URL(file, root), 'utf8');

const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'datasets/README.md',
  'reports/README.md',
  ...within('docs', /\.md$/),
];
const files = [...pages, ...within('src', /\.ts$/), ...within('experiments', /\.yaml$/)].sort();

/** Words that are right where they stand, by file, each with its reason. */
const RIGHT: Readonly<Record<string, readonly [phrase: string, reason: string]>> = {
  'src/jobs/seeds.ts': ['"rehearse" "lesson"', 'seeds are drawn under names of version 0.1'],
  'src/run/run-folder.ts': ['"lesson"', 'a field of folders of version 0.1'],
  'src/atelier/scene.ts': ['"eyes"', 'parts of a painted face'],
  'src/atelier/motifs/cat.ts': ['"eyes"', 'parts of a painted cat'],
  'src/atelier/motifs/face.ts': ['"eyes"', 'parts of a painted face'],
  'src/atelier/motifs/bridge.ts': ['"course"', 'a row of bricks'],
  'src/report/charts/theme.ts': ['"eyes"', 'eyes of readers'],
};

const hitsIn = (file: string): string[] => {
  const isPage = file.endsWith('.md');
  const text = textOf(file);
  const phrases = (isPage ? proseOf(text) : text).split('\n').flatMap((line, i) =>
    phrasesIn(line)
      .filter((phrase) => RIGHT[file]?.[0].includes(phrase) !== true)
      .map((phrase) => `${file}:${i + 1} ${phrase}: ${line.trim()}`),
  );
  const long = isPage ? sentencesOf(text).filter((sentence) => wordsOf(sentence).length > LONGEST) : [];
  return [...phrases, ...long.map((sentence) => `${file} ${wordsOf(sentence).length} words: ${sentence}`)];
};

describe('the English of the project', () => {
  it('has no private phrase in sources, docs and experiments, and no sentence of docs is too long', () => {
    const found = files.flatMap(hitsIn);
    expect(files.length).toBeGreaterThan(400);
    expect(found).toEqual([]);
  });

  it.each([
    ["  rank: z.number().describe('of LoRA'),", 'a description that starts with "of"'],
    ["    describe: 'of all draws',", 'a description that starts with "of"'],
    ['The device is the CPU unless told otherwise.', '"unless told"'],
    ['root seed, several for several', '"several for several"'],
    ['It stops. Of these, two remain.', 'a sentence that starts with "Of"'],
    ['/** Of the artefact. */', 'a sentence that starts with "Of"'],
    ['The model was taught by ten images.', '"teach"'],
    ['Six lessons of 120 steps', '"lesson"'],
  ])('%s', (line, phrase) => {
    expect(phrasesIn(line)).toEqual([phrase]);
  });

  it('leaves other uses of these words alone', () => {
    for (const line of ['This is, of course, the mean of all.', 'OffsetOf a field', 'the eyesight', 'Office'])
      expect(phrasesIn(line)).toEqual([]);
  });

  it('takes a page apart into sentences, without tables, headings and code', () => {
    const page =
      '# A title\n\nOne two `three`. Four\n[five](six.md)!\n\n| a | b |\n\n- Seven: eight.\n- Nine\n\n```\nten\n```\n';
    expect(sentencesOf(page)).toEqual(['One two `.', 'Four five!', 'Seven: eight.', 'Nine']);
    expect(sentencesOf(page).map((sentence) => wordsOf(sentence).length)).toEqual([2, 2, 2, 1]);
  });
});
