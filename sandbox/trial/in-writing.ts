// Simulates people, in a trial of a CRM that takes no changes, or no erasures, by machine: support asks the client for a lead's record
// and sends it changes in writing; the client answers, and makes the changes by hand.
// Invariant: they act on tasks and open questions alone; without one the client learns nothing.
import { simulatorOf } from '../simulators/index.ts';
import type { Simulator } from '../simulators/simulator.ts';
import { isLetter } from './compare.ts';
import { leadsOf, phoneAtTheEnd, type Later } from './leads.ts';
import type { Subject, TrialWorld } from './world.ts';

interface OpenRow {
  readonly id: number;
  readonly reference: string;
  readonly action: string;
  readonly state: string;
}

const changesOf = ({ preset }: Pick<Subject, 'preset'>): Simulator['changes'] => simulatorOf(preset)?.changes;

/** True when the client makes a change of this kind in writing. */
export const isInWriting = (subject: Pick<Subject, 'preset'>, kind: Later['kind']): boolean =>
  isLetter(changesOf(subject), kind === 'erasure' ? 'erase' : 'update');

/** Works through the open rows once. */
export async function workThroughTasks({ subjects, gateway }: TrialWorld): Promise<void> {
  for (const subject of subjects) {
    const changes = changesOf(subject);
    if (changes === undefined) continue;
    // While a CRM is still writing, its records are not final; while it is away, the client cannot read them.
    if (!subject.simulator.isQuiet()) continue;
    for (const row of await openRows(gateway, subject)) {
      const record = subject.simulator.crm.records().find(({ reference }) => reference === row.reference);
      if (row.state === 'waiting') {
        // A CRM that can be looked up by machine is not asked in writing.
        if (changes === 'in writing') await gateway.resolve(row.id, record?.id);
        continue;
      }
      if (record !== undefined) doByHand(subject, row, record.id);
      await gateway.closeTask(row.id);
    }
  }
}

function doByHand({ simulator: { crm } }: Subject, { reference, action }: OpenRow, record: string): void {
  if (action === 'erase') return crm.deletedByHand(record);
  const lead = leadsOf(crm).find((known) => known.reference === reference);
  if (lead?.end !== undefined)
    crm.changedByHand?.(record, { mayContact: lead.end, phone: phoneAtTheEnd(lead) });
}

const openRows = (
  { connection }: TrialWorld['gateway'],
  { destination }: Subject,
): Promise<readonly OpenRow[]> =>
  connection.all<OpenRow>(
    `SELECT d.id, l.reference, d.action, d.state FROM deliveries d JOIN leads l ON l.id = d.lead_id
      WHERE d.destination_id = ? AND ((d.state = 'waiting' AND d.reason LIKE 'unknown_hold%')
         OR (d.state = 'failed' AND d.reason LIKE 'manual_%'
             AND NOT EXISTS (SELECT 1 FROM task_closings c WHERE c.delivery_id = d.id AND c.run = d.run)))
      ORDER BY d.id`,
    [destination],
  );
