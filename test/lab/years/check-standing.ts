// What stands in the database when all is over: shells, the log, and what the product itself says that it could not do.
// Invariant: read once, as the owner; judged without a database.
import type { Verification } from '../../../src/privacy/verification.ts';
import { verifyLog } from '../../../src/privacy/verify.ts';
import type { Gateway } from '../../trip/gateway.ts';
import type { Finder } from './figures.ts';

export interface Standing {
  /** Leads that are gone of which a row is left. */
  readonly shells: number;
  readonly log: Pick<Verification, 'ok' | 'problem'>;
  /** Alerts ever raised of a step that broke, or of an entry of the log that is not the gateway's. */
  readonly alerts: readonly { readonly kind: string; readonly reason: string }[];
}

export function checkStanding(find: Finder, { shells, log, alerts }: Standing): void {
  if (shells > 0) find('remains', `shells of ${shells} leads that are gone`);
  if (!log.ok) find('log', JSON.stringify(log));
  for (const { kind, reason } of alerts)
    find(kind === 'log_altered' ? 'log' : 'broken', `${kind}: ${reason}`);
}

export async function readStanding({ owner, app }: Gateway): Promise<Standing> {
  const [shells] = await owner.all<{ count: number }>("SELECT COUNT(*) AS count FROM leads WHERE gone <> ''");
  while ((await app.sealer.seal(2_000)) === 2_000);
  return {
    shells: shells?.count ?? 0,
    log: await verifyLog({
      ...{ database: app.database, sealKeys: app.keys.seal, secrets: app.secrets },
      ...{ anchor: undefined, progress: undefined },
    }),
    alerts: await owner.all(
      "SELECT kind, reason FROM alerts WHERE kind IN ('internal_error', 'log_altered')",
    ),
  };
}
