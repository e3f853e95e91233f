// relais lead find: which leads are a person's.
// Invariant: looking a person up and revealing one are entries of the hand-over log, with who and why (C39).
import type { Command } from 'commander';
import { parsePhoneNumberFromString } from 'libphonenumber-js';
import type { App } from '../app.ts';
import { RelaisError } from '../errors.ts';
import { clientIds, findClient } from '../store/destinations.ts';
import { deliveriesOfLeads, type Delivery } from '../store/deliveries.ts';
import { appendHandovers } from '../store/handovers.ts';
import { readLeads } from '../store/leads.ts';
import { findLeads, mostLeads, type FoundLead, type LeadQuery } from '../store/support-leads.ts';
import { findRefused } from '../store/refused-rows.ts';
import { listRefused, refusedData } from './lead-refused.ts';
import { reasonOf, withExamples } from './arguments.ts';
import { deliveryData, outJson, personData } from './json.ts';
import { personFacts, type PersonFact } from './masking.ts';
import { paris, table } from './table.ts';
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

/** What is looked for. @throws USAGE-001 */
function queryOf({ email, phone, name, firstName, reference }: FindOptions): LeadQuery {
  if ([email, phone, name, reference].every((one) => one === undefined))
    throw new RelaisError('USAGE-001', 'Give --email, --phone, --name or --reference.');
  if (firstName !== undefined && name === undefined)
    throw new RelaisError('USAGE-001', '--first-name is asked beside --name.');
  if (name !== undefined && name.trim().length < 2)
    throw new RelaisError('USAGE-001', '--name has two letters at least.');
  // Refused rows are searched for it as a part of a text: an empty or cut one would find everybody.
  if (email !== undefined && !/^[^\s@]+@[^\s@]+$/.test(email.trim()))
    throw new RelaisError('USAGE-001', '--email is a whole mail address.');
  const dialled = phone === undefined ? undefined : parsePhoneNumberFromString(phone, 'FR');
  if (phone !== undefined && dialled?.isPossible() !== true)
    throw new RelaisError('USAGE-001', '--phone is not a phone number.');
  return {
    ...(email === undefined ? {} : { email: email.trim() }),
    ...(dialled === undefined ? {} : { phone: dialled.number }),
    ...(name === undefined ? {} : { name: name.trim() }),
    ...(firstName === undefined ? {} : { firstName: firstName.trim() }),
    ...(reference === undefined ? {} : { reference }),
  };
}

async function find(app: App, options: FindOptions): Promise<void> {
  const query = queryOf(options);
  const reveal = options.reveal === true;
  // A reference names no person: it needs no reason, but is logged like any look-up.
  const byReference = Object.keys(query).every((one) => one === 'reference') && !reveal;
  const reason =
    byReference && options.reason === undefined ? 'lead find by reference' : reasonOf(options.reason);
  if (options.client !== undefined && (await findClient(app.database, options.client)) === undefined)
    throw new RelaisError('FIND-001', `No client is called ${options.client}.`);
  const found = await findLeads(
    app.database,
    options.client === undefined ? await clientIds(app.database) : [options.client],
    query,
  );
  const refused = await findRefused(
    app.database,
    options.client === undefined ? undefined : [options.client],
    query,
  );
  // Logged before anything is shown: a look-up that could not be written is not answered.
  await noteLookUp(app, found, 'looked_up', reason, options.client ?? '');
  if (reveal && found.length + refused.length > 0)
    await noteLookUp(app, found, 'revealed', reason, options.client ?? '');
  if (found.length === 0 && refused.length > 0) {
    if (options.json !== true) say('No lead found, only rows that were refused.');
    return options.json === true ? outJson(refusedData(refused, reveal)) : listRefused(refused, reveal);
  }
  if (found.length === 0) {
    say('No lead found.');
    process.exitCode = 1;
    return;
  }
  await list(app, found, reveal, options.json === true);
  if (options.json === true) outJson(refusedData(refused, reveal));
  else listRefused(refused, reveal);
  if (found.length === mostLeads) say(`Only the newest ${mostLeads} are shown: name a client.`);
}

async function list(app: App, found: readonly FoundLead[], reveal: boolean, json: boolean): Promise<void> {
  const ids = found.map((one) => one.id);
  const leads = await readLeads(app.database, ids);
  const deliveries = await deliveriesOfLeads(app.database, ids);
  const rows = found.map((one) => {
    const lead = leads.get(one.id)?.lead;
    return {
      ...one,
      person: lead === undefined ? [] : personFacts(lead, reveal),
      deliveries: deliveries.filter((row) => row.leadId === one.id),
    };
  });
  if (json) return outJson(rows.map(asData));
  table(
    ['client', 'reference', 'collected', 'person', 'deliveries'],
    rows.map((one) => [
      one.clientId,
      one.reference,
      paris(one.collectedAt),
      one.erased ? 'erased' : one.person.slice(0, 5).flatMap(valueOf).join(' '),
      one.deliveries.map((row) => `${row.id} ${row.destinationId} ${row.action} ${row.state}`).join(', ') ||
        'none',
    ]),
  );
}

const valueOf = ({ value }: PersonFact): readonly string[] => (value === '-' ? [] : [value]);

const asData = ({
  deliveries,
  person,
  ...lead
}: FoundLead & {
  readonly person: readonly PersonFact[];
  readonly deliveries: readonly Delivery[];
}): object => ({
  client: lead.clientId,
  reference: lead.reference,
  channel: lead.channel,
  collectedAt: lead.collectedAt,
  erased: lead.erased,
  person: personData(person),
  deliveries: deliveries.map(deliveryData),
});

/** @param clientId named when nothing was found: then the entry speaks of no lead */
export async function noteLookUp(
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
