// relais lead withdraw | erase: exercises a prospect's rights at once (C21, C22).
// Invariant: each opens a request and applies it, so that proof, written notices and reminders are never bypassed; erasing is
// confirmed by typing the reference.
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { consentChannels, consentPurposes } from '../domain/lead.ts';
import type { DoneAtOnce } from '../privacy/requests/requests.ts';
import { isHeld, sharingAddress, toldByHand } from '../support/lead-rights.ts';
import { collect, known, reasonOf, withExamples } from './arguments.ts';
import { confirmed, out, say, withApp } from './terminal.ts';

interface WithdrawOptions {
  readonly client: string;
  readonly channel?: readonly string[];
  readonly purpose: string;
  readonly reason?: string;
}

interface EraseOptions {
  readonly client: string;
  readonly identity?: string;
  readonly reason?: string;
  readonly yes?: boolean;
}

export function rightsCommands(lead: Command): void {
  withExamples(
    lead
      .command('withdraw <reference>')
      .description('record that the prospect took a consent back; recipients get an update')
      .requiredOption('--client <client>', 'client it belongs to')
      .option('--channel <channel>', `${consentChannels.join(', ')}; may be repeated; default: all`, collect)
      .option('--purpose <purpose>', consentPurposes.join(', '), 'marketing')
      .option('--reason <text>', 'why (request number); mandatory'),
    'Opens a request and applies it: recipients in writing and reminders are those of any request.',
    'relais lead withdraw HZ-000123 --client horizon --channel email --reason "request 77"',
    'relais lead withdraw HZ-000123 --client horizon --purpose newsletter --reason "request 78"',
  ).action((reference: string, options: WithdrawOptions) => withdraw(reference, options));

  withExamples(
    lead
      .command('erase <reference>')
      .description('blank the person for ever; what was sent is followed by an erase')
      .requiredOption('--client <client>', 'client it belongs to')
      .option('--reason <text>', 'why (request number); mandatory')
      .option('--identity <text>', 'how the identity was checked; mandatory, kept with the request')
      .option('--yes', 'do not ask'),
    'Opens a request and applies it: proof, recipients in writing and reminders are those of any request.',
    'relais lead erase HZ-000123 --client horizon --reason "ticket 77" --identity "answered from the address of the lead"',
  ).action((reference: string, options: EraseOptions) => erase(reference, options));
}

async function withdraw(reference: string, options: WithdrawOptions): Promise<void> {
  const channels = options.channel?.map((name) => known(name, consentChannels, 'channel')) ?? consentChannels;
  const purpose = known(options.purpose, consentPurposes, 'purpose');
  const by = { clientId: options.client, reason: reasonOf(options.reason) };
  await withApp(async (app) => {
    const { actor } = app.config;
    if (!(await isHeld(app, { clientId: options.client, reference }))) {
      await app.rights.withdraw({ ...by, actor, reference, purpose, channels });
      return out(
        `No lead has this reference, only refused rows: nothing of them is used, and their consents are gone. Whoever sent them must send the withdrawal too.`,
      );
    }
    const done = await app.requests.atOnce({
      clientId: options.client,
      kind: 'withdrawal',
      references: [reference],
      actor,
      note: by.reason,
      optIns: { purposes: [purpose], channels },
    });
    out(`Withdrawn: ${purpose} by ${channels.join(', ')}. Recipients that have it get an update.`);
    await tellByHand(app, options.client, reference, 'update');
    const others = new Set(done.recipients.map((one) => one.reference).filter((one) => one !== reference));
    for (const other of others) {
      out(`The same person's ${other}: ended too, and its recipients get an update.`);
      await tellByHand(app, options.client, other, 'update');
    }
    tellRequest(done);
  });
}

async function erase(reference: string, options: EraseOptions): Promise<void> {
  const reason = reasonOf(options.reason);
  const identity = reasonOf(options.identity, '--identity');
  const question = `Erasing ${reference} of ${options.client} cannot be undone.`;
  if (!(await confirmed(question, reference, options.yes === true))) return say('Nothing was changed.');
  await withApp(async (app) => {
    const by = { clientId: options.client, actor: app.config.actor };
    if (!(await isHeld(app, { clientId: options.client, reference }))) {
      const { leadId, refusedRows } = await app.rights.erase({ ...by, reference, reason });
      if (refusedRows > 0) out(`Refused rows erased: ${refusedRows}.`);
      return out(leadId === 0 ? 'No lead has this reference: nothing was sent.' : 'Already erased.');
    }
    // Read before: afterwards the lead names no person any more.
    const others = await sharingAddress(app, { clientId: options.client, reference });
    const done = await app.requests.atOnce({
      ...by,
      kind: 'erasure',
      references: [reference],
      identity,
      note: reason,
    });
    const rowsOf = (wanted: string): number =>
      done.effects.reduce((sum, { table, rows }) => sum + (table === wanted ? rows : 0), 0);
    if (rowsOf('lead_intake') > 0) out(`Refused rows erased: ${rowsOf('lead_intake')}.`);
    for (const proof of done.proofs) say(`Proof ${proof}: relais proof show ${proof}`);
    out(
      `Erased. ${rowsOf('deliveries')} deliveries cancelled; erase deliveries follow to whoever received it (relais delivery list --lead ${reference}).`,
    );
    await tellByHand(app, options.client, reference, 'erase');
    if (others.length > 0)
      say(
        `Not erased, but with the same e-mail or phone: ${others.join(', ')}. Each of them is erased on its own (relais lead erase).`,
      );
    tellRequest(done);
  });
}

const tellRequest = ({ request, recipients }: DoneAtOnce): void =>
  out(
    `Request ${request.id}: ${recipients.length === 0 ? 'nobody received the lead' : `${new Set(recipients.map((one) => one.destinationId)).size} recipients are followed up`} (relais request show ${request.id}).`,
  );

/** Names the recipients without an interface for changes or erasures, which need a letter, to the person at the terminal. */
async function tellByHand(
  app: App,
  clientId: string,
  reference: string,
  action: 'update' | 'erase',
): Promise<void> {
  const { destinations, contact } = await toldByHand(app, { clientId, reference }, action);
  if (destinations.length > 0)
    say(
      `${destinations.join(', ')}: takes no ${action}, so that its recipient has to be told in writing${contact === undefined ? '' : ` (${contact})`}. ` +
        `That task comes up as failed manual_${action === 'erase' ? 'erasure' : 'update'}_required in relais delivery list --lead ${reference}.`,
    );
}
