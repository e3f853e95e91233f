// relais lead find: finds the leads of a person.
// Invariant: a look-up and a reveal are entries of the hand-over log, with actor and reason (C39).
import type { Command } from 'commander';
import type { App } from '../app.ts';
import { RelaisError } from '../errors.ts';
import {
  findPeople,
  leadQueryOf,
  mostLeads,
  namesPerson,
  type AskedProblem,
  type PersonLead,
} from '../support/find-person.ts';
import { paris } from '../support/paris-time.ts';
import { reasonOf, withExamples } from './arguments.ts';
import { deliveryData, outJson, personData } from './json.ts';
import { listRefused, refusedData } from './lead-refused.ts';
import { table } from './table.ts';
import { say, withApp } from './terminal.ts';

export function findCommands(lead: Command): void {
  withExamples(
    lead
      .command('find')
      .description('find leads by mail address, phone, name or reference; every look-up is logged')
      .option('--email <address>', 'mail address')
      .option('--phone <number>', 'any spelling: "06 39 98 00 01", +33639980001')
      .option('--name <name>', 'last name or its beginning; capitals and accents do not matter')
      .option('--first-name <name>', 'first name or its beginning, beside --name')
      .option('--reference <reference>', "the centre's reference of the lead")
      .option('--client <client>', 'look in one client only')
      .option('--reveal', 'show the person instead of a mask (logged)')
      .option('--reason <text>', 'why (ticket number); needed to look for a person or to reveal one')
      .option('--json', 'one JSON object a line'),
    '',
    'relais lead find --reference HZ-000001',
    'relais lead find --name lefevre --client horizon --reason "ticket 4711"',
    'relais lead find --phone "06 39 98 00 01" --reason "ticket 4711"',
    'relais lead find --email zoe@courriel.example --client horizon --reveal --reason "request 77"',
  ).action((options: FindOptions) => withApp((app) => find(app, options)));
}

interface FindOptions {
  readonly email?: string;
  readonly phone?: string;
  readonly name?: string;
  readonly firstName?: string;
  readonly reference?: string;
  readonly client?: string;
  readonly reveal?: boolean;
  readonly reason?: string;
  readonly json?: boolean;
}

export const problemWords: Readonly<Record<AskedProblem, string>> = {
  nothing_asked: 'Give --email, --phone, --name or --reference.',
  first_name_alone: '--first-name is asked beside --name.',
  name_too_short: '--name has two letters at least.',
  email_incomplete: '--email is a whole mail address, and nothing beside it.',
  phone_unreadable: '--phone is not a phone number.',
};

async function find({ database, oppositionKey, config }: App, options: FindOptions): Promise<void> {
  const asked = leadQueryOf(options);
  if ('problem' in asked) throw new RelaisError('USAGE-001', problemWords[asked.problem]);
  const reveal = options.reveal === true;
  const needsReason = namesPerson(asked.query) || reveal || options.reason !== undefined;
  const reason = needsReason ? reasonOf(options.reason) : 'lead find by reference';
  const { leads, refused, isCut } = await findPeople(
    { database, oppositionKey },
    { query: asked.query, client: options.client },
    { actor: config.actor, reason, reveal },
  );
  if (leads.length + refused.length === 0) {
    say('No lead found.');
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
  table(
    ['client', 'reference', 'collected', 'person', 'deliveries'],
    leads.map((lead) => [
      lead.clientId,
      lead.reference,
      paris(lead.collectedAt),
      lead.erased ? 'erased' : personText(lead),
      lead.deliveries.map((row) => `${row.id} ${row.destinationId} ${row.action} ${row.state}`).join(', ') ||
        'none',
    ]),
  );
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
