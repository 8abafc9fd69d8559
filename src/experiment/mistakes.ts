/** @file The mistakes of an experiment file, gathered so that a user sees all of them at once. */
import { CraquelureError, invalidExperiment } from '../messages/index.ts';

/** Gathers mistakes; other errors pass through. */
export class Mistakes {
  private readonly errors: CraquelureError[] = [];

  add(error: CraquelureError): void {
    if (!this.errors.some(({ message }) => message === error.message)) this.errors.push(error);
  }

  collect<T>(attempt: () => T): T | undefined {
    try {
      return attempt();
    } catch (error) {
      if (!(error instanceof CraquelureError)) throw error;
      this.add(error);
      return undefined;
    }
  }

  throwIfAny(file: string): void {
    if (this.errors.length > 0)
      throw invalidExperiment(
        file,
        this.errors.map(({ message }) => message),
      );
  }
}
