// The thread that checks and previews a typed mapping.
// Invariant: it has no database, no secret and no network; it keeps nothing of its input.
import { parentPort } from 'node:worker_threads';
import { connectors } from '../../../connectors/index.ts';
import type { NumberedTrial, TrialTold } from './trial-thread.ts';
import { tryMapping } from './trial.ts';

const port = parentPort;
port?.on('message', ({ number, asked }: NumberedTrial) => {
  try {
    port.postMessage({ number, trial: tryMapping(asked, connectors) } satisfies TrialTold);
  } catch {
    port.postMessage({ number, trial: undefined } satisfies TrialTold);
  }
});
