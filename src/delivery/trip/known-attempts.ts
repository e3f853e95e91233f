// Keeps with a job what its attempt is written from, where this process has just taken the lead in: it is not read back.
// Invariant: kept beside the job object, not in it, so that nothing of it reaches Redis, and it goes with the job. The claim compares it, as
// it compares what was read under no lock, before anything departs.
import type { AttemptAhead } from '../../store/departure-locks.ts';

const attempts = new WeakMap<object, AttemptAhead>();

export const noteAttempt = (job: object, attempt: AttemptAhead): void => void attempts.set(job, attempt);
export const knownAttempt = (job: object): AttemptAhead | undefined => attempts.get(job);
