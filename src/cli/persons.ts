// relais person export: exports all data of a person at one client, encrypted for the data protection officer (C21).
// Invariant: only named leads and rows, or those with the given address; the file is never written in clear.
import { existsSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { RelaisError } from '../errors.ts';
import { closedByAge, exportPerson } from '../privacy/person/export.ts';
import { findPerson, ownRefusedRows, type FoundPerson, type PersonAsked } from '../privacy/person/find.ts';
import { answerFileOptions, type AnswerFile } from './answer-file.ts';
import { collect, reasonOf, wholeNumber, withExamples } from './arguments.ts';
import { personOf, personOptions, type PersonOptions } from './person-asked.ts';
import { out, say, withApp } from './terminal.ts';

interface ExportOptions extends AnswerFile, PersonOptions {
  readonly client: string;
  readonly row?: readonly string[];
  readonly portability?: true;
  readonly request?: string;
  readonly reason?: string;
}

export function personCommands(program: Command): void {
  const person = program.command('person').description('what is held on a person at one client');
  withExamples(
    personOptions(
      answerFileOptions(
        person
          .command('export')
          .description(
            'everything held, as JSON and a French letter, in a file that only the age keys named open',
          ),
      ).requiredOption('--client <client>', 'at which client'),
    )
      .option('--row <number>', 'a refused row that names the person; may be repeated', collect)
      .option('--portability', 'for a request for portability; default: for access')
      .option('--request <number>', 'number of the request it answers, for the letter')
      .option('--reason <text>', 'why (request number); mandatory'),
    'Leads that only share an address with those are listed, and are in it once --lead names them.',
    'relais person export --client horizon --email zoe@courriel.example --name Martin --request 77 --to acces-77.age --recipient age1... --reason "request 77"',
  ).action((options: ExportOptions) => withApp((app) => exportOne(app, options)));
}

async function exportOne(app: App, options: ExportOptions): Promise<void> {
  const reason = reasonOf(options.reason);
  if (existsSync(options.to))
    throw new RelaisError('USAGE-001', `${options.to} exists: nothing is overwritten.`);
  const asked: PersonAsked = { clientId: options.client, ...personOf(options) };
  const { clientId } = asked;
  const found = await findPerson(app.database, app.oppositionKey, asked);
  const own = found.leads.filter((lead) => lead.found === 'asked');
  const leadIds = own.map(({ leadId }) => leadId);
  const rows = await rowsOf(app, { asked, named: options.row ?? [], found, leadIds });
  if (leadIds.length + rows.length === 0)
    throw new RelaisError('FIND-001', `Client ${clientId} holds nothing under what was given.`);
  const made = await exportPerson(
    app.database,
    { ...app.proofs, secrets: app.secrets, versionOf: app.published.version },
    {
      clientId,
      leadIds,
      refusedRows: rows,
      kind: options.portability === true ? 'portability' : 'access',
      closed: closedByAge(options.recipient),
      actor: app.config.actor,
      reason,
      ...(options.request === undefined ? {} : { request: String(wholeNumber(options.request)) }),
      ...(options.archives === undefined ? {} : { archives: options.archives }),
    },
  );
  writeFileSync(options.to, made.bytes, { mode: 0o600, flag: 'wx' });
  out(
    `${options.to}: ${made.leads} leads, ${made.refusedRows} refused rows; recipients: ${made.recipients.join(', ') || 'none'}.`,
  );
  tellShared(found);
}

/** Refused rows with the person's own address and name, and those named one by one; others that mention it are listed. */
async function rowsOf(
  app: App,
  of: {
    readonly asked: PersonAsked;
    readonly named: readonly string[];
    readonly found: FoundPerson;
    readonly leadIds: readonly number[];
  },
): Promise<readonly string[]> {
  const { named, asked, leadIds } = of;
  const { refused } = of.found;
  const listed = refused.map(({ row }) => row);
  const strange = named.filter((row) => !listed.includes(row));
  if (strange.length > 0)
    throw new RelaisError('FIND-001', `No refused row of this person has the number ${strange.join(', ')}.`);
  const own = await ownRefusedRows(app.database, {
    clientId: asked.clientId,
    rows: refused.filter(({ found }) => found === 'asked').map(({ row }) => row),
    leadIds,
    phones: asked.phones ?? [],
    ...(asked.email === undefined ? {} : { email: asked.email }),
  });
  const others = listed.filter((row) => !own.includes(row) && !named.includes(row));
  if (others.length > 0)
    say(
      `Not in the file: refused rows with an address of the person that may be another person's: ${others.join(', ')}. Read them (relais lead find --reveal), then name them with --row.`,
    );
  return [...new Set([...own, ...named])];
}

function tellShared({ leads }: FoundPerson): void {
  const shared = leads.filter(({ found }) => found === 'shared').map(({ reference }) => reference);
  if (shared.length > 0)
    say(
      `Not in the file, but with an address in common: ${shared.join(', ')}. If they are the same person's, name them with --lead.`,
    );
}
