/** @file The file that a voting page saves, read back. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { reasonOf, unreadableVotes } from '../messages/index.ts';
import { QUESTIONS } from './ballot.ts';
import type { Votes } from './page/client/page-data.ts';

const votesSchema = z.object({
  run: z.string(),
  votes: z.array(
    z.object({ pair: z.string(), question: z.enum(QUESTIONS), chosen: z.enum(['left', 'right']) }),
  ),
});

/** Reads one voter's file. @throws USAGE if it is not such a file, or of another run */
export async function readVotes(file: string, run: string): Promise<Votes> {
  try {
    const votes = votesSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    if (votes.run === run) return votes;
    throw new Error(`it is about the run ${votes.run}, not ${run}`);
  } catch (error) {
    throw unreadableVotes(
      file,
      error instanceof z.ZodError ? 'it is not what a voting page saves' : reasonOf(error),
    );
  }
}
