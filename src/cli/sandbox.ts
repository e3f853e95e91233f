// The one door of the terminal to sandbox/: recipients and servers that a command starts on this machine for a trial.
// Invariant: where the folder or a development package is missing (a container, npm ci --omit=dev), the command says so, and what to do.
import { RelaisError } from '../errors.ts';

/**
 * @param instead what can be done without it, a sentence
 * @throws SERVICE-002 where it is not installed
 */
export async function ofSandbox<T>(loading: Promise<T>, instead = ''): Promise<T> {
  try {
    return await loading;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new RelaisError(
      'SERVICE-002',
      `This command needs the folder sandbox/ and the development packages, which this installation does without: run it in a checkout, after npm ci. ${instead}`.trim(),
    );
  }
}
