// relais lead find | show: which lead is it, and what became of it.
// Invariant: looking a person up and revealing one are entries of the hand-over log, with who and why (C39).
import type { Command } from 'commander';
import { parsePhoneNumberFromString } from 'libphonenumber-js';
import type { App } from '../app.ts';
import { currentConsent } from '../domain/consent.ts';
import { reasonText } from '../domain/delivery.ts';
import { consentChannels, consentPurposes, type Lead } from '../domain/lead.ts';
import { RelaisError } from '../errors.ts';
import { clientIds, findClient } from '../store/destinations.ts';
import { deliveriesOfLeads } from '../store/deliveries.ts';
import { appendHandovers } from '../store/handovers.ts';
import { readLeads } from '../store/leads.ts';
import { findLeads, mostLeads, routingRefusals, type FoundLead } from '../store/support-leads.ts';
import { reasonOf, withExamples } from './arguments.ts';
import { personLines } from './masking.ts';
import { paris, table } from './table.ts';
import { out, say, strong, withApp } from './terminal.ts';

export function findCommands(lead: Command): void {
  withExamples(
    lead
      .command('find')
      .description('find leads by mail address, phone or reference; every look-up is logged')
      .option('--email <address>', 'mail address')
      .option('--phone <number>', 'any spelling: "06 39 98 00 01", +33639980001')
      .option('--reference <reference>', "the centre's reference of the lead")
      .option('--client <client>', 'look in one client only')
      .option('--reveal', 'show the person instead of a mask (logged)')
      .option('--reason <text>', 'why (ticket number); needed to look for a person or to reveal one'),
    '',
    'relais lead find --reference HZ-000001',
    'relais lead find --phone "06 39 98 00 01" --reason "ticket 4711"',
    'relais lead find --email zoe@courriel.example --client horizon --reveal --reason "request 77"',
  ).action((options: FindOptions) => withApp((app) => find(app, options)));

  withExamples(
    lead
      .command('show <reference>')
      .description('one lead: consents in force, interactions, where it went, what waits and why')
      .requiredOption('--client <client>', 'client it belongs to')
      .option('--reveal', 'show the person instead of a mask (logged)')
      .option('--reason <text>', 'why (ticket number); needed with --reveal'),
    '',
    'relais lead show HZ-000001 --client horizon',
    'relais lead show HZ-000001 --client horizon --reveal --reason "request 77"',
  ).action(
    (
      reference: string,
      options: { readonly client: string; readonly reveal?: boolean; readonly reason?: string },
    ) =>
      withApp(async (app) => {
        const reveal = options.reveal === true;
        const reason = reveal ? reasonOf(options.reason) : '';
        const [found] = await findLeads(app.database, [options.client], { reference });
        if (found === undefined)
          throw new RelaisError(
            'FIND-001',
            `Client ${options.client} has no lead with the reference ${reference}.`,
          );
        if (reveal) await note(app, [found], 'revealed', reason, options.client);
        await show(app, found, reveal);
      }),
  );
}

interface FindOptions {
  readonly email?: string;
  readonly phone?: string;
  readonly reference?: string;
  readonly client?: string;
  readonly reveal?: boolean;
  readonly reason?: string;
}

async function find(app: App, options: FindOptions): Promise<void> {
  const { email, reference } = options;
  if (email === undefined && options.phone === undefined && reference === undefined)
    throw new RelaisError('USAGE-001', 'Give --email, --phone or --reference.');
  const reveal = options.reveal === true;
  // A reference names no person: it needs no reason, but is logged like any look-up.
  const byReference = email === undefined && options.phone === undefined && !reveal;
  const reason =
    byReference && options.reason === undefined ? 'lead find by reference' : reasonOf(options.reason);
  const phone =
    options.phone === undefined ? undefined : parsePhoneNumberFromString(options.phone, 'FR')?.number;
  if (options.phone !== undefined && phone === undefined)
    throw new RelaisError('USAGE-001', '--phone is not a phone number.');
  if (options.client !== undefined && (await findClient(app.database, options.client)) === undefined)
    throw new RelaisError('FIND-001', `No client is called ${options.client}.`);
  const found = await findLeads(
    app.database,
    options.client === undefined ? await clientIds(app.database) : [options.client],
    {
      ...(email === undefined ? {} : { email: email.trim() }),
      ...(phone === undefined ? {} : { phone }),
      ...(reference === undefined ? {} : { reference }),
    },
  );
  // Logged before anything is shown: a look-up that could not be written is not answered.
  await note(app, found, 'looked_up', reason, options.client ?? '');
  if (reveal && found.length > 0) await note(app, found, 'revealed', reason, '');
  if (found.length === 0) {
    say('No lead found.');
    process.exitCode = 1;
    return;
  }
  await list(app, found, reveal);
  if (found.length === mostLeads) say(`Only the newest ${mostLeads} are shown: name a client.`);
}

async function list(app: App, found: readonly FoundLead[], reveal: boolean): Promise<void> {
  const ids = found.map((one) => one.id);
  const leads = await readLeads(app.database, ids);
  const deliveries = await deliveriesOfLeads(app.database, ids);
  table(
    ['client', 'reference', 'collected', 'person', 'deliveries'],
    found.map((one) => {
      const lead = leads.get(one.id)?.lead;
      const person = lead === undefined ? [] : personLines(lead, reveal).slice(0, 5);
      const mine = deliveries.filter((row) => row.leadId === one.id);
      return [
        one.clientId,
        one.reference,
        paris(one.collectedAt),
        person
          .map(([, value]) => value)
          .filter((value) => value !== '-')
          .join(' '),
        mine.map((row) => `${row.id} ${row.destinationId} ${row.action} ${row.state}`).join(', ') || 'none',
      ];
    }),
  );
}

async function show(app: App, found: FoundLead, reveal: boolean): Promise<void> {
  const read = (await readLeads(app.database, [found.id])).get(found.id);
  if (read === undefined) return;
  const { lead } = read;
  out(strong(`${lead.reference} · ${lead.clientId} · révision ${lead.revision}`));
  out(`Reçue par ${lead.channel} le ${paris(lead.collectedAt)}`);
  for (const [label, value] of personLines(lead, reveal)) out(`  ${label.padEnd(9)} ${value}`);
  out(strong('\nConsentements en vigueur / consents in force'));
  out(lines(consentLines(lead, app.database.now()), 'aucun enregistré / none recorded'));
  out(strong('\nInteractions'));
  out(
    lines(
      lead.interactions.map(
        (one) =>
          `${paris(one.at)}  ${one.kind}${one.duration === undefined ? '' : ` (${one.duration} s)`}${one.voluntary ? ', à son initiative / voluntary' : ''}`,
      ),
      'aucune / none',
    ),
  );
  out(strong('\nLivraisons / deliveries'));
  const rows = await deliveriesOfLeads(app.database, [found.id]);
  const refusals = await routingRefusals(app.database, found.clientId, found.id);
  out(
    lines(
      [
        ...rows.map(
          (row) =>
            `${row.id}  ${row.destinationId}  ${row.action}  ${row.state}${row.reason === '' ? '' : ` : ${reasonText(row.reason)} / ${reasonText(row.reason, 'en')}`}`,
        ),
        ...refusals.map(
          (one) =>
            `non transmise / not routed (${one.destinationId || 'toutes / all'}, révision ${one.revision}) : ${one.reason}`,
        ),
      ],
      'aucune / none',
    ),
  );
}

const lines = (all: readonly string[], none: string): string =>
  (all.length === 0 ? [none] : all).map((line) => `  ${line}`).join('\n');

function consentLines(lead: Lead, now: Date): readonly string[] {
  return consentPurposes.flatMap((purpose) =>
    consentChannels.flatMap((channel) => {
      const consent = currentConsent(lead.consents, purpose, channel, now);
      if (consent === undefined) return [];
      const until = consent.until === undefined ? '' : `, jusqu'au ${paris(consent.until)}`;
      const lapsed = consent.lapsed ? ' (accord échu ou sans preuve / lapsed or unproved)' : '';
      return [
        `${purpose}.${channel} : ${consent.state}${lapsed}, le ${paris(consent.record.recordedAt)}${until}`,
      ];
    }),
  );
}

/** @param clientId named when nothing was found: then the entry speaks of no lead */
async function note(
  app: App,
  found: readonly FoundLead[],
  entry: 'looked_up' | 'revealed',
  purpose: string,
  clientId: string,
): Promise<void> {
  const { actor } = app.config;
  const entries =
    found.length === 0
      ? [{ entry, clientId, actor, purpose }]
      : found.map((one) => ({ entry, clientId: one.clientId, leadId: one.id, actor, purpose }));
  await app.database.transaction((tx) => appendHandovers(tx, entries));
}
