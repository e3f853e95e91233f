// The HTTP interface of a test's gateway, on a free port, without a limit that a test would meet.
import { startApi, type Api } from '../../src/api/server.ts';
import type { App } from '../../src/app.ts';
import { silentLog } from '../../src/log.ts';

export const openInterface = (
  app: App,
  {
    isPatient = true,
    ...more
  }: { readonly pem?: string; readonly isPatient?: boolean; readonly perMinute?: number } = {},
): Promise<Api> =>
  startApi({
    access: app.access,
    // However slow the machine is, a row is taken in before its answer is due, and no answer comes in its place.
    posting: { database: app.database, intake: app.intake, answerWithinMs: 60_000 },
    support: app,
    log: silentLog,
    version: '0.0.0',
    host: '127.0.0.1',
    port: 0,
    proxies: [],
    perMinute: 1_000_000,
    ...(isPatient ? { answerWithinMs: 600_000 } : {}),
    ...more,
  });
