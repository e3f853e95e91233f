// Hands leads in at a steady rate, with corrections right behind them and files asked for now and then.
// Invariant: a lead counts as handed in once its row is committed; where the commit's answer was lost it is handed in again.
import { requestFile } from '../../src/delivery/files.ts';
import type { IntakeValues } from '../../src/store/intake.ts';
import type { Gateway } from '../trip/gateway.ts';
import type { HandedIn } from './ledgers.ts';
import { clientId, isUnanswered, mostUnanswered, nextLead } from './mappings.ts';
import type { Random } from './random.ts';
import { pause, perhaps, surely } from './scene.ts';

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
}): Feed {
  const { gateway, random } = options;
  const handedIn: HandedIn[] = [];
  const start = Date.now();
  const end = start + options.seconds * 1_000;
  const waiting: Promise<void>[] = [];
  let unanswered = 0;

  const correction = (number: number): IntakeValues => {
    const reference = `F-${Math.max(0, number - random.between(0, 6))}`;
    return {
      client_id: clientId,
      kind: 'correction',
      reference,
      row_reference: `${reference}-k${number}`,
      last_name: `Martin-${number}`,
    };
  };
  const leads = async (): Promise<void> => {
    for (let number = 0; Date.now() < end; number += 1) {
      // Poison takes its time to be given up: none in the last part.
      const early = Date.now() < start + (end - start) * 0.7;
      const kind = unanswered < mostUnanswered ? 'any' : 'answered';
      const { row, handed } = nextLead(number, random, options.poison && early ? kind : 'none');
      if (isUnanswered(handed.reference)) unanswered += 1;
      waiting.push(surely(() => gateway.send(row)).then(() => void handedIn.push(handed)));
      // Changes right behind the lead: updates that must wait for their create.
      if (random.next() < 0.35)
        waiting.push(perhaps(() => gateway.send(correction(number))).then(() => undefined));
      await pause(Math.max(1, start + ((number + 1) * 1_000) / options.rate - Date.now()));
    }
  };
  const files = async (): Promise<void> => {
    while (Date.now() < end) {
      await perhaps(() => requestFile(gateway.app.database, { id: 'essai-csv', clientId }, 'storm', 'storm'));
      await pause(random.between(700, 2_500));
    }
  };
  return {
    handedIn,
    done: Promise.all([leads(), files()]).then(async () => void (await Promise.all(waiting))),
  };
}
