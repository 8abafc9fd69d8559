import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unreadableVotes } from '../../src/messages/index.ts';
import { readBallots, readVotes } from '../../src/report/votes-file.ts';
import { temporaryFolder } from '../run-fixture.ts';

const RUN = 'demo-1234abcd';
const vote = (pair: string, chosen = 'left') => ({ pair, question: 'style', chosen });

async function file(votes: readonly object[], { run = RUN, mark = '' } = {}): Promise<string> {
  const path = join(await temporaryFolder(), 'votes.json');
  await writeFile(path, mark + JSON.stringify({ run, votes }));
  return path;
}

describe('a file of votes', () => {
  it('counts each answer once, however often it is in the file', async () => {
    const path = await file([...Array(50).fill(vote('p')), vote('q', 'right')]);
    expect((await readVotes(path, RUN)).votes).toEqual([vote('p'), vote('q', 'right')]);
  });

  it('is refused if it answers a question both ways', async () => {
    const path = await file([vote('p'), vote('p', 'right')]);
    await expect(readVotes(path, RUN)).rejects.toThrow(
      unreadableVotes(path, 'it has two answers about style for the pair p'),
    );
  });

  it('may begin with a byte order mark', async () => {
    expect((await readVotes(await file([vote('p')], { mark: '\uFEFF' }), RUN)).votes).toHaveLength(1);
  });

  it('counts once if it is given twice or as a copy, and says so', async () => {
    const [a, copy, other] = [await file([vote('p')]), await file([vote('p')]), await file([vote('q')])];
    const { ballots, notes } = await readBallots([a, a, copy, other], RUN, new Set(['p']));
    expect(ballots.map(({ votes }) => votes)).toEqual([[vote('p')], [vote('q')]]);
    expect(notes).toEqual([
      `'${a}' skipped: same votes as '${a}'`,
      `'${copy}' skipped: same votes as '${a}'`,
      `'${other}': 1 of 1 votes are about unknown pairs, not counted`,
    ]);
  });
});
