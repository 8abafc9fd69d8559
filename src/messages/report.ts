/** @file What the program says when something is wrong with reports and votes. */
import { CraquelureError } from './base.ts';

export const unreadableVotes = (file: string, why: string): CraquelureError =>
  new CraquelureError('USAGE', `Cannot read votes from '${file}': ${why}`);
