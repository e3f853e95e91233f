// One-off operations of a storm: leads come to one after the other, each ends when its leads have come, and retention takes them.
// Invariant: an operation is recorded as long over, so that what it holds is due at once; its rows that come later are refused.
import { addDelay, civilDate } from '../../../src/domain/civil-date.ts';
import { recordOperation } from '../../../src/retention/register.ts';
import { closeDeliveries } from '../../../src/support/close-and-cancel.ts';
import type { Gateway } from '../../trip/gateway.ts';
import type { IntakeValues } from '../../../src/store/intake/intake.ts';
import type { HandedIn } from './ledgers.ts';
import { clientId } from './mappings.ts';
import { sender } from './mischief-processes.ts';
import type { Random } from './random.ts';
import { pause, perhaps, surely, untilFound, type Scene } from './scene.ts';

/** A reference of a lead of an operation begins so; of one handed in when it was over, otherwise. */
export const operationMark = 'O-';
export const lateMark = 'L-';
const operations = 6;

export const codeOf = (operation: number): string => `OP-${operation}`;

/** Which operation leads come to at a part of the storm, 0 to 1. */
export const operationAt = (part: number): number => Math.min(operations - 1, Math.floor(part * operations));

/** Until a lead of the operation is on its way, or so long: what retention takes then leaves while it is being sent. */
const untilSent = (gateway: Gateway, code: string, forMs: number): Promise<boolean> =>
  untilFound(
    gateway,
    "SELECT 1 FROM deliveries d JOIN leads l ON l.id = d.lead_id WHERE l.operation = ? AND d.state = 'sending' LIMIT 1",
    { values: [code], forMs },
  );

type EndScene = Pick<Scene, 'gateway' | 'recipients'>;

/** @param waitMs how long it waits for one of its leads to be on its way, while recipients take their time to answer */
async function end({ gateway, recipients }: EndScene, operation: number, waitMs: number): Promise<void> {
  const { app } = gateway;
  recipients.atLeisure(waitMs > 0);
  await pause(Math.min(400, waitMs / 4));
  const longAgo = addDelay(civilDate(app.database.now()), { count: -400, unit: 'day' });
  const code = codeOf(operation);
  await surely(() =>
    recordOperation(app.database, { clientId, code, kind: 'one_off', endsOn: longAgo, recordedBy: 'storm' }),
  );
  await untilSent(gateway, code, waitMs);
  await perhaps(async () => {
    const run = await app.retention.begin(clientId, 'storm');
    // Every other one at once, beside the planner, as `relais retention run` does it.
    if (operation % 2 === 1) await app.retention.finish(run);
  });
  recipients.atLeisure(false);
}

/** Ends each operation a moment after its last lead, but the last of all, whose leads are still on their way. */
export async function endOperations(
  scene: Scene,
  { seconds, random, ended }: { readonly seconds: number; readonly random: Random; readonly ended: number[] },
): Promise<void> {
  for (let operation = 0; operation < operations - 1; operation += 1) {
    await pause((seconds * 1_000) / operations);
    await pause(random.between(0, 400));
    await end(scene, operation, Math.min(75_000, (seconds * 750) / operations));
    ended.push(operation);
  }
}

/** When all is settled: its last lead comes only now, and its worker is stopped in mid-send while retention takes it. */
export async function endLastOperation(
  scene: EndScene & Pick<Scene, 'fleet' | 'handedIn'>,
  { row, handed }: { readonly row: IntakeValues; readonly handed: HandedIn },
): Promise<void> {
  const { gateway, recipients, handedIn } = scene;
  const operation = operations - 1;
  recipients.atLeisure(true);
  await surely(() => gateway.send(row));
  handedIn().push(handed);
  await untilFound(
    gateway,
    "SELECT 1 FROM handovers h JOIN leads l ON l.id = h.lead_id WHERE l.reference = ? AND h.entry = 'departed'",
    { values: [handed.reference], forMs: 75_000 },
  );
  const stopped = await sender(scene, 'ORDER BY id DESC', handed.reference);
  stopped?.kill('SIGSTOP');
  await end(scene, operation, 0).finally(() => stopped?.kill('SIGCONT'));
}

/** An hour goes by for whatever retention looks at again later, support has closed its tasks, and what came late is found. */
export async function settleRetention({ app, owner }: Gateway): Promise<void> {
  const tasks = await owner.all<{ id: number }>(
    `SELECT d.id FROM deliveries d JOIN leads l ON l.id = d.lead_id JOIN operations o ON o.client_id = l.client_id AND o.code = l.operation
      WHERE d.state = 'failed' AND d.reason LIKE 'manual%'
        AND NOT EXISTS (SELECT 1 FROM task_closings c WHERE c.delivery_id = d.id AND c.run = d.run)`,
  );
  const by = { actor: 'storm', reason: 'calm', evidence: 'mail' };
  if (tasks.length > 0)
    await closeDeliveries(
      app.database,
      tasks.map(({ id }) => id),
      by,
    );
  await owner.run('UPDATE retention_items SET next_at = UTC_TIMESTAMP(3)');
  const due = await owner.all(
    `SELECT 1 FROM leads l JOIN operations o ON o.client_id = l.client_id AND o.code = l.operation
      WHERE l.gone = '' AND NOT EXISTS (SELECT 1 FROM retention_items i WHERE i.lead_id = l.id) LIMIT 1`,
  );
  if (due.length > 0) await app.retention.begin(clientId, 'storm');
}
