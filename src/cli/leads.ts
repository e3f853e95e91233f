// relais lead ...: importing, finding, showing, withdrawing, erasing.
// Invariant: looking a person up and revealing one are entries of the hand-over log, with who and why (C39).
import type { Command } from 'commander';
import { parsePhoneNumberFromString } from 'libphonenumber-js';
import { openDatabase, type App } from '../app.ts';
import { currentConsent } from '../domain/consent.ts';
import { reasonText } from '../domain/delivery.ts';
import {
  consentChannels,
  consentPurposes,
  type ConsentChannel,
  type ConsentPurpose,
  type Lead,
} from '../domain/lead.ts';
import { RelaisError } from '../errors.ts';
import { importFile } from '../intake/import.ts';
import { clientIds } from '../store/destinations.ts';
import { deliveriesOfLeads } from '../store/deliveries.ts';
import { appendHandovers } from '../store/handovers.ts';
import { listRefusals } from '../store/intake-refusals.ts';
import { insertIntakeRows } from '../store/intake.ts';
import { readLeads } from '../store/leads.ts';
import { findLeads, routingRefusals, type FoundLead } from '../store/support.ts';
import { personLines } from './masking.ts';
import {
  collect,
  config,
  confirmed,
  out,
  paris,
  reasonOf,
  say,
  strong,
  table,
  wholeNumber,
  withApp,
} from './terminal.ts';

export function leadCommands(program: Command): void {
  const lead = program.command('lead').description('import, find, show, withdraw, erase leads');

  lead
    .command('import <file>')
    .description('put the leads of a CSV or JSON Lines file into lead_intake; bad rows go to a rejects file')
    .option('--client <client>', 'client of a file without a client_id column')
    .option('--rejects <file>', 'where bad rows go; default: beside the file')
    .option('--dry-run', 'check only, insert nothing')
    .addHelpText(
      'after',
      '\nThe columns are those of docs/lead-contract.md. Importing a file twice adds nothing twice.\n\nExample:\n  relais lead import leads.csv --client horizon',
    )
    .action(async (file: string, options: { client?: string; rejects?: string; dryRun?: boolean }) => {
      const loaded = config();
      const database = openDatabase({
        url: loaded.mysql.intakeUrl ?? loaded.mysql.gatewayUrl,
        connections: 2,
      });
      try {
        const result = await importFile({
          file,
          insert: (rows) => insertIntakeRows(database, rows),
          ...(options.client === undefined ? {} : { clientId: options.client }),
          ...(options.rejects === undefined ? {} : { rejectsFile: options.rejects }),
          dryRun: options.dryRun === true,
          onProgress: (progress) => {
            if (process.stderr.isTTY) process.stderr.write(`\r${progress.read} of ${progress.total} rows`);
          },
        });
        if (process.stderr.isTTY) process.stderr.write('\n');
        out(
          `${result.format}, ${result.encoding}: ${result.inserted} ${options.dryRun === true ? 'good' : 'inserted'}, ${result.rejected} rejected of ${result.total}`,
        );
        if (result.rejectsFile !== undefined) {
          out(`rejects (personal data, readable by you only): ${result.rejectsFile}`);
          for (const [code, count] of Object.entries(result.codes)) out(`  ${code}: ${count}`);
          process.exitCode = 1;
        }
      } finally {
        await database.close();
      }
    });

  lead
    .command('find')
    .description('find leads by mail address, phone or reference; a look-up of a person is logged')
    .option('--email <address>', 'mail address, as given')
    .option('--phone <number>', 'any spelling: 06 39 98 00 01, +33639980001')
    .option('--reference <reference>', "the centre's reference")
    .option('--client <client>', 'look in one client only')
    .option('--reveal', 'show the person instead of a mask (logged)')
    .option('--reason <text>', 'why; needed to look for a person or to reveal one')
    .addHelpText(
      'after',
      '\nExamples:\n  relais lead find --reference HZ-000001\n  relais lead find --phone "06 39 98 00 01" --reason "ticket 4711"',
    )
    .action((options: FindOptions) => withApp((app) => find(app, options)));

  lead
    .command('show <reference>')
    .description('one lead: consents in force, where it went, what waits')
    .requiredOption('--client <client>', 'client it belongs to')
    .option('--reveal', 'show the person instead of a mask (logged)')
    .option('--reason <text>', 'why; needed with --reveal')
    .action((reference: string, options: { client: string; reveal?: boolean; reason?: string }) =>
      withApp(async (app) => {
        const [found] = await findLeads(app.database, [options.client], { reference });
        if (found === undefined)
          throw new RelaisError(
            'FIND-001',
            `Client ${options.client} has no lead with the reference ${reference}.`,
          );
        const reveal = options.reveal === true;
        if (reveal) await note(app, [found], 'revealed', reasonOf(options.reason));
        await show(app, found, reveal);
      }),
    );

  lead
    .command('withdraw <reference>')
    .description('record that the prospect took a consent back; recipients get an update')
    .requiredOption('--client <client>', 'client it belongs to')
    .option(
      '--channel <channel>',
      `${consentChannels.join(', ')}; may be repeated; default: all`,
      collect,
      [],
    )
    .option('--purpose <purpose>', consentPurposes.join(', '), 'marketing')
    .requiredOption('--reason <text>', 'why (ticket number)')
    .action(
      (reference: string, options: { client: string; channel: string[]; purpose: string; reason: string }) =>
        withApp(async (app) => {
          const channels =
            options.channel.length === 0
              ? consentChannels
              : options.channel.map((one) => known(one, consentChannels, 'channel'));
          const purpose: ConsentPurpose = known(options.purpose, consentPurposes, 'purpose');
          const request = {
            clientId: options.client,
            reference,
            purpose,
            channels: channels as readonly ConsentChannel[],
            actor: app.config.actor,
            reason: reasonOf(options.reason),
          };
          const { revision } = await app.rights.withdraw(request);
          out(
            `Withdrawn: ${purpose} by ${channels.join(', ')}. The lead is at revision ${revision}; recipients that have it get an update.`,
          );
        }),
    );

  lead
    .command('erase <reference>')
    .description('blank the person for ever; what was sent is followed by an erase')
    .requiredOption('--client <client>', 'client it belongs to')
    .requiredOption('--reason <text>', 'why (request number)')
    .option('--yes', 'do not ask')
    .action((reference: string, options: { client: string; reason: string; yes?: boolean }) =>
      withApp(async (app) => {
        const reason = reasonOf(options.reason);
        if (
          !(await confirmed(
            `Erasing ${reference} of ${options.client} cannot be undone.`,
            reference,
            options.yes === true,
          ))
        )
          return say('Nothing was changed.');
        const done = await app.rights.erase({
          clientId: options.client,
          reference,
          actor: app.config.actor,
          reason,
        });
        out(
          done.alreadyErased
            ? 'Already erased.'
            : `Erased. ${done.cancelled} deliveries cancelled; erase deliveries follow to whoever received it (relais delivery list --lead ${reference}).`,
        );
      }),
    );

  lead
    .command('refusals')
    .description('rows of lead_intake that were refused: column and reason, no values')
    .option('--client <client>')
    .option('--before <id>', 'older than this row (next page)', wholeNumber)
    .option('--limit <n>', 'rows', wholeNumber, 50)
    .action((options: { client?: string; before?: number; limit: number }) =>
      withApp(async ({ database }) => {
        const rows = await listRefusals(database, options.client, {
          size: options.limit,
          ...(options.before === undefined ? {} : { before: options.before }),
        });
        table(
          ['row', 'received', 'client', 'kind', 'reference', 'column', 'code', 'meaning'],
          rows.flatMap((row) =>
            row.problems.map((one) => [
              String(row.id),
              paris(row.receivedAt),
              row.clientId,
              row.kind,
              row.reference,
              one.column,
              one.code,
              one.message,
            ]),
          ),
        );
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
  const person = options.email !== undefined || options.phone !== undefined;
  if (!person && options.reference === undefined)
    throw new RelaisError('USAGE-001', 'Give --email, --phone or --reference.');
  const reason = person || options.reveal === true ? reasonOf(options.reason) : '';
  const phone =
    options.phone === undefined ? undefined : parsePhoneNumberFromString(options.phone, 'FR')?.number;
  if (options.phone !== undefined && phone === undefined)
    throw new RelaisError('USAGE-001', '--phone is not a phone number.');
  const clients = options.client === undefined ? await clientIds(app.database) : [options.client];
  const found = await findLeads(app.database, clients, {
    ...(options.email === undefined ? {} : { email: options.email }),
    ...(phone === undefined ? {} : { phone }),
    ...(options.reference === undefined ? {} : { reference: options.reference }),
  });
  if (person) await note(app, found, 'looked_up', reason);
  if (options.reveal === true) await note(app, found, 'revealed', reason);
  if (found.length === 0) {
    say('No lead found.');
    process.exitCode = 1;
    return;
  }
  const leads = await readLeads(
    app.database,
    found.map((one) => one.id),
  );
  const deliveries = await deliveriesOfLeads(
    app.database,
    found.map((one) => one.id),
  );
  table(
    ['client', 'reference', 'collected', 'person', 'deliveries'],
    found.map((one) => {
      const lead = leads.get(one.id)?.lead;
      const lines = lead === undefined ? [] : personLines(lead, options.reveal === true);
      const mine = deliveries
        .filter((row) => row.leadId === one.id)
        .map((row) => `${row.destinationId} ${row.action} ${row.state}`);
      return [
        one.clientId,
        one.reference,
        paris(one.collectedAt),
        one.erased
          ? 'effacé / erased'
          : lines
              .slice(0, 4)
              .map(([, value]) => value)
              .join(' '),
        mine.join(', ') || 'none',
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
  out('\nConsentements en vigueur / consents in force');
  const lines = consentLines(lead);
  for (const line of lines) out(`  ${line}`);
  if (lines.length === 0) out('  aucun enregistré / none recorded');
  out(`\nInteractions : ${lead.interactions.map((one) => one.kind).join(', ') || 'aucune / none'}`);
  out('\nLivraisons / deliveries');
  const rows = await deliveriesOfLeads(app.database, [found.id]);
  for (const row of rows)
    out(
      `  ${row.id}  ${row.destinationId}  ${row.action}  ${row.state}${row.reason === '' ? '' : ` : ${reasonText(row.reason)} / ${reasonText(row.reason, 'en')}`}`,
    );
  if (rows.length === 0) out('  aucune / none');
  for (const one of await routingRefusals(app.database, found.id))
    out(
      `  non transmise / not routed (${one.destinationId || 'toutes / all'}, révision ${one.revision}) : ${one.reason}`,
    );
}

function consentLines(lead: Lead): readonly string[] {
  const now = new Date();
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

async function note(
  app: App,
  found: readonly FoundLead[],
  entry: 'looked_up' | 'revealed',
  reason: string,
): Promise<void> {
  const actor = app.config.actor;
  const entries =
    found.length === 0
      ? [{ entry, clientId: '', actor, purpose: reason }]
      : found.map((one) => ({ entry, clientId: one.clientId, leadId: one.id, actor, purpose: reason }));
  await app.database.transaction((tx) => appendHandovers(tx, entries));
}

function known<T extends string>(text: string, values: readonly T[], what: string): T {
  const found = values.find((one) => one === text);
  if (found === undefined)
    throw new RelaisError('USAGE-001', `"${text}" is not a ${what}: ${values.join(', ')}.`);
  return found;
}
