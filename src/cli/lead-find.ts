// relais lead find: finds the leads of a person, and the refused rows that name one.
// Invariant: a look-up and a reveal are entries of the hand-over log, with actor and reason (C39).
import type { Command, Given } from './command.ts';
import type { App } from '../app.ts';
import { ownReasons } from '../domain/names-in-text.ts';
import { RelaisError } from '../errors.ts';
import {
  findPeople,
  leadQueryOf,
  mostLeads,
  namesPerson,
  nothingFound,
  type AskedProblem,
  type PersonLead,
  type AskedPerson,
  type LeadQuery,
} from '../support/find-person.ts';
import { paris } from '../support/words.ts';
import { reasonOf, collect } from './arguments.ts';
import { deliveryData, outJson, personData, tableOf, say, out, strong } from './terminal.ts';
import type { RefusedFacts } from '../support/masking.ts';
import type { PersonAsked } from '../privacy/person/find.ts';

export function findCommands(lead: Command): void {
  lead
    .command('find')
    .description('find leads by mail address, phone, name or reference; every look-up is logged')
    .option('--email <address>', 'mail address')
    .option('--phone <number>', 'any spelling: "06 39 98 00 01", +33639980001')
    .option(
      '--name <name>',
      'last name or its beginning; capitals, accents and a particle before it do not matter',
    )
    .option('--first-name <name>', 'first name or its beginning, beside --name')
    .option(
      '--reference <reference>',
      "the centre's reference of the lead, or the id that the client's CRM gave to it",
    )
    .option('--client <client>', 'look in one client only')
    .option('--reveal', 'show the person instead of a mask (logged)')
    .option('--reason <text>', 'why (ticket number); needed to look for a person or to reveal one')
    .option('--json', 'one JSON object a line')
    .examples(
      '',
      'relais lead find --reference HZ-000001',
      'relais lead find --name lefevre --client horizon --reason "ticket 4711"',
      'relais lead find --phone "06 39 98 00 01" --reason "ticket 4711"',
      'relais lead find --email zoe@courriel.example --client horizon --reveal --reason "request 77"',
    )
    .gateway(find);
}

type FindOptions = Given<'email phone name firstName reference client reveal reason json'>;

export const problemWords: Readonly<Record<AskedProblem, string>> = {
  nothing_asked: 'Give --email, --phone, --name or --reference.',
  first_name_alone: '--first-name is asked beside --name.',
  name_too_short: '--name has two letters at least.',
  email_incomplete: '--email is a whole mail address, and nothing beside it: zoe@courriel.example.',
  phone_unreadable: '--phone is no whole phone number, such as "06 39 98 01 11".',
};

async function find({ database, oppositionKey, config }: App, options: FindOptions): Promise<void> {
  const asked = leadQueryOf(options);
  if ('problem' in asked) throw new RelaisError('USAGE-001', problemWords[asked.problem]);
  const reveal = options.reveal === true;
  const needsReason = namesPerson(asked.query) || reveal || options.reason !== undefined;
  const reason = needsReason ? reasonOf(options.reason) : ownReasons.leadFind;
  const { leads, refused, isCut } = await findPeople(
    { database, oppositionKey },
    { query: asked.query, client: options.client },
    { actor: config.actor, reason, reveal },
  );
  if (leads.length + refused.length === 0) {
    say(nothingFound(asked.query).join(' / '));
    process.exitCode = 1;
    return;
  }
  if (options.json === true) outJson([...leads.map(asData), ...refusedData(refused)]);
  else {
    if (leads.length === 0) say('No lead found, only rows that were refused.');
    else list(leads);
    listRefused(refused);
  }
  if (isCut) say(`Only the newest ${mostLeads} are shown: name a client.`);
}

function list(leads: readonly PersonLead[]): void {
  tableOf(leads, {
    client: (lead) => lead.clientId,
    reference: (lead) => lead.reference,
    collected: (lead) => paris(lead.collectedAt),
    person: (lead) => (lead.erased ? 'erased' : personText(lead)),
    deliveries: (lead) =>
      lead.deliveries.map((row) => `${row.id} ${row.destinationId} ${row.action} ${row.state}`).join(', ') ||
      'none',
  });
}

/** All but the town. */
const personText = ({ person }: PersonLead): string =>
  person
    .slice(0, 5)
    .flatMap(({ value }) => (value === '-' ? [] : [value]))
    .join(' ');

const asData = ({ deliveries, person, ...lead }: PersonLead): object => ({
  client: lead.clientId,
  reference: lead.reference,
  channel: lead.channel,
  collectedAt: lead.collectedAt,
  erased: lead.erased,
  person: personData(person),
  deliveries: deliveries.map(deliveryData),
});

// Prints refused rows beside the leads of lead find and lead show: masked and logged like them.

export function listRefused(rows: readonly RefusedFacts[]): void {
  if (rows.length === 0) return;
  out(strong('\nLignes refusées / refused rows'));
  tableOf(rows, {
    row: (row) => row.row,
    client: (row) => row.clientId,
    reference: (row) => row.reference,
    received: (row) => paris(row.receivedAt),
    person: (row) => row.person.flatMap(({ value }) => (value === '-' ? [] : [value])).join(' '),
    why: (row) => row.problems.map(({ column, code }) => `${column} ${code}`).join(', '),
  });
}

export const refusedData = (rows: readonly RefusedFacts[]): readonly object[] =>
  rows.map((row) => ({
    refusedRow: row.row,
    client: row.clientId,
    reference: row.reference,
    receivedAt: row.receivedAt,
    problems: row.problems.map(({ column, code }) => ({ column, code })),
  }));

// Options by which every command finds a person: address, phones, name, leads known to be theirs.
// Invariant: the same rules everywhere; a lead with a shared address under another name is not the person's.

export type PersonOptions = Given<'email name firstName lead'> & { readonly phone?: readonly string[] };

export const personOptions = (command: Command): Command =>
  command
    .option('--email <address>', 'mail address of the person')
    .option('--phone <number>', 'phone of the person, any spelling; may be repeated', collect)
    .option(
      '--name <name>',
      'last name of the person: who shares the address under another name is not meant',
    )
    .option('--first-name <name>', 'first name, beside --name')
    .option('--lead <reference>', 'a lead known to be the person’s; may be repeated', collect);

/** @throws USAGE-001 */
export function personOf({
  email,
  phone = [],
  name,
  firstName,
  lead = [],
}: PersonOptions): Omit<PersonAsked, 'clientId'> {
  if (email === undefined && phone.length + lead.length === 0)
    throw new RelaisError('USAGE-001', 'Give --email, --phone or --lead: whose data is meant?');
  const address = email === undefined ? undefined : queryOf({ email }).email;
  // Parsed like a name search, so that a first name alone is refused here too.
  if (name !== undefined || firstName !== undefined) queryOf({ name, firstName });
  return {
    phones: phone.flatMap((typed) => queryOf({ phone: typed }).phone ?? []),
    references: lead,
    ...(address === undefined ? {} : { email: address }),
    ...(name === undefined ? {} : { name: { lastName: name, firstName } }),
  };
}

function queryOf(asked: AskedPerson): LeadQuery {
  const found = leadQueryOf(asked);
  if ('problem' in found) throw new RelaisError('USAGE-001', problemWords[found.problem]);
  return found.query;
}
