// relais person export | lookups | opposition: exports a person's data, lists who looked one up, keeps the opposition list (C21, C58).
// Invariant: only named leads and rows, or those with the given address; the file is never written in clear.
import { existsSync, writeFileSync } from 'node:fs';
import type { Command, Given } from './command.ts';
import type { App } from '../app.ts';
import { RelaisError } from '../errors.ts';
import { closedByAge, exportPerson } from '../privacy/person/export.ts';
import {
  findPerson,
  givenAddresses,
  ownRefusedRows,
  type FoundPerson,
  type PersonAsked,
} from '../privacy/person/find.ts';
import { answerFileOptions, collect, reasonOf, wholeNumber, known, type AnswerFile } from './arguments.ts';
import { personOf, personOptions, problemWords, type PersonOptions } from './lead-find.ts';
import { out, say, outJson, table, tableOf } from './terminal.ts';
import { leadQueryOf, lookUpsOf, findOppositions } from '../support/find-person.ts';
import { paris } from '../support/words.ts';
import { optInsNamed, type Addresses } from '../domain/opposition.ts';
import { consentChannels, consentPurposes } from '../domain/lead.ts';

type ExportOptions = AnswerFile & PersonOptions & Given<'client! row portability request reason'>;

export function personCommands(program: Command): void {
  const person = program.command('person').description('what is held on a person at one client');
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
    .option('--reason <text>', 'why (request number); mandatory')
    .examples(
      'Leads that only share an address with those are listed, and are in it once --lead names them.',
      'relais person export --client horizon --email zoe@courriel.example --name Martin --request 77 --to acces-77.age --recipient age1... --reason "request 77"',
    )
    .gateway(exportOne);
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
      given: givenAddresses(asked),
      kind: options.portability === true ? 'portability' : 'access',
      closed: closedByAge(options.recipient),
      actor: app.config.actor,
      reason,
      request: options.request === undefined ? undefined : String(wholeNumber(options.request)),
      archives: options.archives,
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
    email: asked.email,
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

// relais lookups: lists the look-ups of a person, with actor, time and reason (C58).
// Invariant: the question needs a reason and is an entry of the log.

type LookUpsOptions = Given<'client! reference email phone archives reason json'>;

export function lookUpCommands(program: Command): void {
  program
    .command('lookups')
    .description('who looked a person up, when and why; asking is logged as well')
    .requiredOption('--client <client>', 'at which client')
    .option('--reference <reference>', "the centre's reference of the lead")
    .option('--email <address>', 'mail address')
    .option('--phone <number>', 'any spelling')
    .option('--archives <folder>', 'archives of the log, where months were taken out of MySQL')
    .option('--reason <text>', 'why (request number); mandatory')
    .json()
    .examples(
      'Also for an erased lead, by its reference.',
      'relais lookups --client horizon --reference HZ-000001 --reason "request 77"',
      'relais lookups --client horizon --email zoe@courriel.example --reason "request 77"',
    )
    .gateway(list);
}

async function list({ database, oppositionKey, config, keys }: App, options: LookUpsOptions): Promise<void> {
  const { reference, email, phone, archives } = options;
  const asked = leadQueryOf({ reference, email, phone });
  if ('problem' in asked)
    throw new RelaisError(
      'USAGE-001',
      asked.problem === 'nothing_asked'
        ? 'Give --reference, --email or --phone.'
        : problemWords[asked.problem],
    );
  const seen = await lookUpsOf(
    { database, oppositionKey },
    { query: asked.query, client: options.client },
    { actor: config.actor, reason: reasonOf(options.reason) },
    { folder: archives, sealKeys: keys.seal },
  );
  if (options.json === true) return outJson(seen);
  if (seen.length === 0) return say('Nobody looked this person up.');
  tableOf(seen, {
    when: ({ at }) => paris(at),
    lead: ({ reference: lead }) => lead,
    what: ({ what }) => what,
    who: ({ actor, name }) => (name === undefined ? actor : `${name} (${actor})`),
    why: ({ why }) => why,
  });
}

// relais opposition add | check: edits and checks a client's opposition list (C21).
// Invariant: both need a reason and are entries of the log; no address is kept or printed.

type AddressOptions = Given<'client! email phone reason'>;

type AddOptions = AddressOptions & Given<'purpose channel'>;

export function oppositionCommands(program: Command): void {
  const opposition = program
    .command('opposition')
    .description('the opposition list of a client: who must not be written to or called again');
  ofPerson(opposition.command('add'))
    .description('put a person on it; their leads say so at once, and so will later ones')
    .option('--purpose <purpose>', `${consentPurposes.join(', ')}; may be repeated; default: all`, collect)
    .option('--channel <channel>', `${consentChannels.join(', ')}; may be repeated; default: all`, collect)
    .examples(
      'Only a keyed digest of the address is kept. A grant that the person gives later counts again.',
      'relais opposition add --client horizon --email zoe@courriel.example --reason "request 79"',
      'relais opposition add --client horizon --phone "06 39 98 00 01" --channel phone --reason "request 80"',
    )
    .gateway(add);
  ofPerson(opposition.command('check'))
    .description('whether a person is on it, and for what')
    .json()
    .examples(
      'Every question is an entry of the log.',
      'relais opposition check --client horizon --email zoe@courriel.example --reason "ticket 4711"',
    )
    .gateway(check);
}

const ofPerson = (command: Command): Command =>
  command
    .requiredOption('--client <client>', 'whose list')
    .option('--email <address>', 'mail address')
    .option('--phone <number>', 'any spelling: "06 39 98 00 01", +33639980001')
    .option('--reason <text>', 'why (request number); mandatory');

/** @throws USAGE-001 */
function addressesOf({ email, phone }: AddressOptions): Addresses {
  const asked = leadQueryOf({ email, phone });
  if ('problem' in asked)
    throw new RelaisError(
      'USAGE-001',
      asked.problem === 'nothing_asked' ? 'Give --email or --phone.' : problemWords[asked.problem],
    );
  const { query } = asked;
  return { email: query.email, mobile: query.phone };
}

async function add({ requests, config }: App, options: AddOptions): Promise<void> {
  const named = {
    purposes: (options.purpose ?? []).map((name) => known(name, consentPurposes, 'purpose')),
    channels: (options.channel ?? []).map((name) => known(name, consentChannels, 'channel')),
  };
  const { email, mobile } = addressesOf(options);
  const { request, recipients } = await requests.atOnce({
    clientId: options.client,
    kind: 'objection',
    optIns: named,
    ...(email === undefined ? {} : { email }),
    ...(mobile === undefined ? {} : { phones: [mobile] }),
    actor: config.actor,
    note: reasonOf(options.reason),
  });
  for (const [purpose, own] of Map.groupBy(optInsNamed(named), (optIn) => optIn.purpose))
    out(`On the list of ${options.client}: ${purpose} by ${own.map(({ channel }) => channel).join(', ')}.`);
  for (const reference of new Set(recipients.map((one) => one.reference)))
    out(`${reference}: withdrawn, and its recipients get an update.`);
  out(`Request ${request.id} (relais request show ${request.id}).`);
}

async function check(
  { database, oppositionKey, config }: App,
  options: AddressOptions & Given<'json'>,
): Promise<void> {
  const found = await findOppositions(
    { database, oppositionKey },
    { clientId: options.client, addresses: addressesOf(options) },
    { actor: config.actor, reason: reasonOf(options.reason) },
  );
  if (found.length === 0) {
    say('Not on the list.');
    process.exitCode = 1;
    return;
  }
  if (options.json === true) return outJson(found);
  table(
    ['opt-in', 'since'],
    found.map(({ optIn, since }) => [optIn, paris(since)]),
  );
}
