/** @file The file that a voting page saves, read back. */
import { z } from 'zod';
import { readText } from '../files/text.ts';
import { reasonOf, unreadableVotes } from '../messages/index.ts';
import { QUESTIONS } from './ballot.ts';
import type { Votes } from './page/client/page-data.ts';

const votesSchema = z.object({
  run: z.string(),
  votes: z.array(
    z.object({ pair: z.string(), question: z.enum(QUESTIONS), chosen: z.enum(['left', 'right']) }),
  ),
});

/** Reads one voter's file; each answer once. @throws USAGE if it is not such a file, or of another run */
export async function readVotes(file: string, run: string): Promise<Votes> {
  try {
    const read = votesSchema.parse(JSON.parse(await readText(file)));
    if (read.run === run) return { ...read, votes: onceEach(read.votes) };
    throw new Error(`it is about the run ${read.run}, not ${run}`);
  } catch (error) {
    throw unreadableVotes(
      file,
      error instanceof z.ZodError ? 'it is not what a voting page saves' : reasonOf(error),
    );
  }
}

/** Each question about a pair is answered once: repeats count once. @throws Error if two answers contradict each other */
function onceEach(votes: Votes['votes']): Votes['votes'] {
  const answers = new Map<string, Votes['votes'][number]>();
  for (const vote of votes) {
    const name = JSON.stringify([vote.pair, vote.question]);
    const before = answers.get(name);
    if (before !== undefined && before.chosen !== vote.chosen) {
      throw new Error(`it has two answers about ${vote.question} for the pair ${vote.pair}`);
    }
    answers.set(name, vote);
  }
  return [...answers.values()];
}

/** Votes of several voters, and what a user should know about how they were read. */
export interface Ballots {
  readonly ballots: readonly Votes[];
  readonly notes: readonly string[];
}

/** Reads the files of all voters; a file that is given twice, or a copy, counts once. @throws USAGE as `readVotes` */
export async function readBallots(
  files: readonly string[],
  run: string,
  pairs: ReadonlySet<string>,
): Promise<Ballots> {
  const seen = new Map<string, string>();
  const ballots: Votes[] = [];
  const notes: string[] = [];
  for (const file of files) {
    const votes = await readVotes(file, run);
    const content = JSON.stringify(votes.votes);
    const twin = seen.get(content);
    if (twin !== undefined) {
      notes.push(`'${file}' skipped: same votes as '${twin}'`);
      continue;
    }
    seen.set(content, file);
    ballots.push(votes);
    const unknown = votes.votes.filter(({ pair }) => !pairs.has(pair)).length;
    if (unknown > 0)
      notes.push(`'${file}': ${unknown} of ${votes.votes.length} votes are about unknown pairs, not counted`);
  }
  return { ballots, notes };
}
