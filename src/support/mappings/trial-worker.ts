// The thread in which a mapping that somebody typed is checked and previewed.
// Invariant: it has no database, no secret and no network; what it is given it forgets.
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
