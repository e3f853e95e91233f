// What a step of the planner sets quarantine, for tests that call the step themselves.
import { createQuarantine, type Quarantine } from '../../src/delivery/trip/quarantine.ts';
import { silentLog } from '../../src/log.ts';
import type { Database } from '../../src/store/database.ts';

export const quarantineOf = (database: Database): Quarantine =>
  createQuarantine({ database, log: silentLog, step: 'TEST', retryAfterMs: 60_000 });
