// What a step of the planner sets apart, for tests that call the step themselves.
import { createApart, type Apart } from '../../src/delivery/quarantine.ts';
import { silentLog } from '../../src/log.ts';
import type { Database } from '../../src/store/database.ts';

export const apartOf = (database: Database): Apart =>
  createApart({ database, log: silentLog, step: 'TEST', restMs: 60_000 });
