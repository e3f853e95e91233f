// Hands leads in at a steady rate, with corrections right behind them and files asked for now and then.
// Invariant: a lead counts as handed in once its row is committed; where the commit's answer was lost it is handed in again.
import { requestFile } from '../../../src/delivery/files/collect.ts';
import type { IntakeValues } from '../../../src/store/intake/intake.ts';
import type { Gateway } from '../../trip/gateway.ts';
import { isUnanswered, lateLead, mostUnanswered, nextLead } from './leads.ts';
import type { ChangeRow, HandedIn } from './ledgers.ts';
import { flows } from './mappings-files.ts';
import { clientId, type Pace } from './mappings.ts';
import type { Outside } from './outside.ts';
import { post, type Waiting } from './posting.ts';
import type { Random } from './random.ts';
import { pause, perhaps, surely } from './scene.ts';

/** This part of the leads is posted over HTTP. */
const postedShare = 0.25;

export interface Feed {
  readonly handedIn: HandedIn[];
  /** Ends after the last lead has been handed in. */
  readonly done: Promise<void>;
}

export function feed(options: {
  readonly gateway: Gateway;
  readonly random: Random;
  /** Leads a second. */
  readonly rate: number;
  readonly seconds: number;
  readonly poison: boolean;
  readonly pace: Pace;
  /** Where corrections are written down once they are committed. */
  readonly changes: ChangeRow[];
  /** Other systems, which post some of the leads. */
  readonly outside: Outside;
  /** Operations that are over, by number. */
  readonly ended: readonly number[];
}): Feed {
  const { gateway, random } = options;
  const handedIn: HandedIn[] = [];
  const start = Date.now();
  const end = start + options.seconds * 1_000;
  const waiting: Promise<void>[] = [];
  let unanswered = 0;

  const correct = async (number: number): Promise<void> => {
    const { reference, poison } = handedIn.at(-1 - random.between(0, 6)) ?? { reference: '', poison: true };
    if (poison) return;
    const row = { reference, kind: 'correction', row_reference: `${reference}-k${number}` };
    await handInChange(options, { ...row, last_name: `Martin-${number}` });
  };
  let batch: Waiting[] = [];
  const handIn = (lead: Waiting): void => {
    if (random.next() > postedShare) {
      waiting.push(surely(() => gateway.send(lead.row)).then(() => void handedIn.push(lead.handed)));
      return;
    }
    batch.push(lead);
    if (random.next() < 0.5 && batch.length < 3) return;
    waiting.push(post(options.outside, batch, handedIn));
    batch = [];
  };
  const leads = async (): Promise<void> => {
    let previous = '';
    for (let number = 0; Date.now() < end; number += 1) {
      // Poison takes its time to be given up: none in the last part.
      const early = Date.now() < start + (end - start) * 0.7;
      const kind = unanswered < mostUnanswered ? 'any' : 'answered';
      const { row, handed } = nextLead(number, random, {
        poison: options.poison && early ? kind : 'none',
        pace: options.pace,
        previous,
        part: (Date.now() - start) / (end - start),
      });
      previous = handed.reference;
      if (isUnanswered(handed.reference)) unanswered += 1;
      handIn({ row, handed });
      // Changes right behind the lead: updates that must wait for their create.
      if (random.next() < 0.35) waiting.push(correct(number));
      await pause(Math.max(1, start + ((number + 1) * 1_000) / options.rate - Date.now()));
    }
  };
  const files = async (): Promise<void> => {
    while (Date.now() < end) {
      const id = random.pick(flows);
      await perhaps(() => requestFile(gateway.app.database, { id, clientId }, 'storm', 'storm'));
      await pause(random.between(300, 1_000));
    }
  };
  const late = async (): Promise<void> => {
    for (let number = 0; Date.now() < end; number += 1) {
      await pause(random.between(300, 1_500));
      if (options.ended.length === 0) continue;
      const { row, handed } = lateLead(number, random.pick(options.ended));
      waiting.push(surely(() => gateway.send(row)).then(() => void handedIn.push(handed)));
    }
  };
  return {
    handedIn,
    done: Promise.all([leads(), files(), late()]).then(async () => {
      if (batch.length > 0) waiting.push(post(options.outside, batch, handedIn));
      await Promise.all(waiting);
    }),
  };
}

/** A change of a lead as a row, written down for the account once it is committed: where the answer was lost nobody can ask for it. */
export async function handInChange(
  { gateway, changes }: { readonly gateway: Gateway; readonly changes: ChangeRow[] },
  row: IntakeValues & { readonly reference: string; readonly row_reference: string },
): Promise<void> {
  await perhaps(async () => {
    await gateway.send({ client_id: clientId, ...row });
    changes.push({ reference: row.reference, rowReference: row.row_reference });
  });
}
