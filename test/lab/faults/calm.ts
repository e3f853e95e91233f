// The calm after a storm: everybody is well again, and support does its part, until all is settled.
// Invariant: nothing is repaired here but what a person would; whatever is left at the end is the account's to find.
import { requestFile } from '../../../src/delivery/files/collect.ts';
import { replanned, retried } from '../../support/set-aside.ts';
import { setDestinationStatus } from '../../../src/support/suspend.ts';
import type { Gateway } from '../../trip/gateway.ts';
import { flows } from './mappings-files.ts';
import { clientId, destinations, goneId } from './mappings.ts';
import { replayCancelled } from './mischief-api.ts';
import { grantAgain } from './mischief-trade.ts';
import { settleRequests } from './mischief-requests.ts';
import { settleRetention } from './operations.ts';
import { pause, perhaps, type Scene } from './scene.ts';
import type { StormOptions } from './storm.ts';

/** Everybody is well again; support lets held destinations probe. Returns how long it took until all was settled, s. */
export async function calm(
  scene: Scene,
  options: Pick<StormOptions, 'pace' | 'log'>,
  limitMs: number,
): Promise<number> {
  const { gateway, fleet, recipients, slow } = scene;
  const start = Date.now();
  const limit = start + limitMs;
  for (const id of destinations) recipients.trouble.set(id, 0);
  recipients.door('open');
  recipients.tokens.mood = 'well';
  recipients.tokens.takesBack = 0;
  slow.line.delay(0);
  fleet.calm();
  let told = start;
  for (let round = 0; ; round += 1) {
    const left = await leftBehind(gateway);
    // Whatever is left at the limit is found by the checker, by name.
    if (Object.keys(left).length === 0 || Date.now() > limit) return Math.round((Date.now() - start) / 1_000);
    if (options.pace === 'brisk' && round % 5 === 0)
      for (const id of flows)
        await perhaps(() => requestFile(gateway.app.database, { id, clientId }, 'storm', 'calm'));
    if (round % 10 === 0) await perhaps(() => retrySetAside(gateway));
    if (round % 10 === 0) await perhaps(() => replayCancelled(gateway));
    if (round % 10 === 0) await perhaps(() => settleRequests(gateway));
    if (round % 10 === 0) await perhaps(() => settleRetention(gateway));
    if (round % 10 === 0)
      for (const id of destinations) {
        const { database } = gateway.app;
        await perhaps(() => setDestinationStatus(database, id, 'active', { actor: 'storm', reason: 'calm' }));
        if (id !== goneId) await perhaps(() => grantAgain(database, id));
      }
    if (Date.now() > told + tellEveryMs) {
      told = Date.now();
      options.log(`waiting for ${said(left)}`);
    }
    await pause(200);
  }
}

const tellEveryMs = 30_000;
const said = (left: Readonly<Record<string, number>>): string =>
  Object.entries(left)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');

/** Support answers the alerts: what was set aside because processes were killed over it is taken up again. */
async function retrySetAside({ app, owner }: Gateway): Promise<void> {
  const rows = await owner.all<{ id: string }>(
    `SELECT CAST(id AS CHAR) AS id FROM lead_intake WHERE status = 'refused' AND refusal LIKE '%"SET_ASIDE"%'`,
  );
  const by = { actor: 'storm', reason: 'calm' };
  for (const { id } of rows) await retried(app.database, id, by);
  await replanned(app.database, clientId, by);
}

/** A delivery that nobody may send any more stays open until the operator decides, and keeps a lead whose person has to be heard there. */
const mayStand = "destination_id = ? AND state = 'withheld' AND reason LIKE 'recipient_not_authorised%'";

export async function leftBehind({ owner }: Gateway): Promise<Readonly<Record<string, number>>> {
  const rows = await owner.all<{ what: string; n: number }>(
    `SELECT 'rows not taken in' AS what, COUNT(*) AS n FROM lead_intake
      WHERE status <> 'refused' OR refusal LIKE '%"SET_ASIDE"%'
     UNION ALL SELECT 'changes not planned', COUNT(*) FROM lead_changes
     UNION ALL SELECT 'entries not sealed', COUNT(*) FROM handovers_unsealed
     UNION ALL SELECT 'leads whose time is over', COUNT(*) FROM leads l
       JOIN operations o ON o.client_id = l.client_id AND o.code = l.operation
      WHERE NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.lead_id = l.id AND ${mayStand})
     UNION ALL SELECT 'deliveries that support cancelled', COUNT(*) FROM deliveries d JOIN leads l ON l.id = d.lead_id
      WHERE d.state = 'cancelled' AND d.reason = 'by_support' AND l.erased_at IS NULL
     UNION ALL SELECT CONCAT('requests ', state), COUNT(*) FROM requests WHERE state <> 'closed' GROUP BY state
     UNION ALL SELECT CONCAT('deliveries ', state), COUNT(*) FROM deliveries
      WHERE state NOT IN ('delivered', 'failed', 'cancelled')
        AND NOT (${mayStand})
        AND reason <> 'create_unsettled' GROUP BY state`,
    [goneId, goneId],
  );
  return Object.fromEntries(rows.filter((row) => row.n > 0).map((row) => [row.what, row.n]));
}
