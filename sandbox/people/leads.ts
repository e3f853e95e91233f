// Invents the demo's leads: rows of lead_intake, and for each its expected end.
// Invariant: the same seed, count and moment give the same rows; every failure is known beforehand.
import { fields } from '../../src/intake/fields.ts';
import { clientsInTurn, demoClients, soldOutProgramme, unknownProgramme } from './clients.ts';
import type { DemoClient } from './clients.ts';
import { inventConsents } from './consents.ts';
import { inventInteractions, inventOrigin, inventProject } from './requests.ts';
import { inventPerson } from './people.ts';
import type { Person } from './people.ts';
import { createRandom } from './random.ts';
import type { Random } from './random.ts';

export type DemoValue = string | number | Date;
export type DemoRow = Readonly<Record<string, DemoValue>>;

/** The expected end of a lead. `detail` is the beginning of the reason, or `column CODE` of a refusal at intake. */
export interface LeadEnding {
  readonly ending: 'delivered' | 'withheld' | 'failed' | 'not_routed' | 'refused';
  readonly detail: string;
}

export interface DemoLead extends LeadEnding {
  readonly clientId: string;
  readonly reference: string;
  readonly destination: string;
  readonly row: DemoRow;
}

type Trouble = 'no_opt_in' | 'no_name' | 'sold_out' | 'ghost' | 'elsewhere' | 'door';

/** In 300 leads. Each kind at least once, however few leads. */
const troubles: readonly (readonly [Trouble, number])[] = [
  ['no_opt_in', 8],
  ['no_name', 5],
  ['sold_out', 3],
  ['ghost', 2],
  ['elsewhere', 2],
  ['door', 5],
];

/** @param now leads are collected in the three weeks before it */
export function inventLeads(options: {
  readonly seed: number;
  readonly count: number;
  readonly now: Date;
}): readonly DemoLead[] {
  const random = createRandom(options.seed);
  const clients = clientsInTurn(random, options.count);
  const plan = new Map<number, Trouble>();
  const free = random.shuffled(clients.map((_, index) => index));
  for (const [trouble, per300] of troubles) {
    for (let left = Math.ceil((options.count * per300) / 300); left > 0; left -= 1) {
      const index = free.find((candidate) => suits(trouble, clients[candidate]));
      if (index === undefined) continue;
      plan.set(index, trouble);
      free.splice(free.indexOf(index), 1);
    }
  }
  let doors = 0;
  return clients.map((client, index) => {
    const lead = inventLead(random, client, index, options.now);
    const trouble = plan.get(index);
    return trouble === undefined
      ? lead
      : spoil(lead, trouble, client, random, trouble === 'door' ? doors++ : 0);
  });
}

function suits(trouble: Trouble, client: DemoClient | undefined): boolean {
  if (trouble === 'sold_out' || trouble === 'ghost') return client?.id === 'horizon';
  // Littoral's people read mails: they accept a lead without a name.
  return trouble !== 'no_name' || client?.id !== 'littoral';
}

/** @param index identifies person and lead; each has its own */
export function inventLead(random: Random, client: DemoClient, index: number, now: Date): DemoLead {
  const reference = `${client.prefix}-${String(index + 1).padStart(6, '0')}`;
  const person = inventPerson(random, index);
  const channel = random.pick(['inbound_call', 'callback', 'requalification', 'web_form'] as const);
  const collectedAt = new Date(now.getTime() - random.whole(30, 21 * 24 * 60) * 60_000);
  const once = random.oneIn(15);
  const known: Record<string, DemoValue | undefined> = {
    client_id: client.id,
    kind: 'lead',
    reference,
    channel,
    collected_at: collectedAt,
    notice: channel === 'web_form' ? 'web-2026-03' : 'vocal-2026-02',
    operation: once ? 'PORTES-OUVERTES' : undefined,
    operation_kind: once ? 'one_off' : undefined,
    ...identityOf(person),
    ...inventProject(random, client, person),
    ...inventOrigin(random, channel, collectedAt, person),
    consents: JSON.stringify(inventConsents(random, client, collectedAt)),
    interactions: JSON.stringify(inventInteractions(random, channel, collectedAt, now)),
  };
  return {
    clientId: client.id,
    reference,
    destination: client.destination,
    row: withoutAbsent({ ...known, ...inventOthers(random, known) }),
    ending: 'delivered',
    detail: '',
  };
}

function identityOf(person: Person): Record<string, string | undefined> {
  return {
    civility: person.civility,
    last_name: person.lastName,
    first_name: person.firstName,
    email: person.email,
    mobile: person.mobile,
    landline: person.landline,
    address_line1: person.addressLine1,
    address_line2: person.addressLine2,
    postcode: person.hasAddress ? person.commune.postcodes[0] : undefined,
    city: person.hasAddress ? person.commune.name : undefined,
    country: person.hasAddress ? 'FR' : undefined,
  };
}

/** Columns of the lead contract without a generator: half of the leads have the sample of their definition. */
function inventOthers(random: Random, known: Readonly<Record<string, unknown>>): Record<string, DemoValue> {
  const others: Record<string, DemoValue> = {};
  for (const { name, sample } of fields)
    if (!(name in known) && sample !== undefined && typeof sample !== 'boolean' && random.oneIn(2))
      others[name] = sample;
  // A client's own page of anomalies would hold little else.
  if (others['seller'] !== undefined || others['acquisition'] === 'bought')
    others['consent_proof'] = 'present';
  return others;
}

function spoil(lead: DemoLead, trouble: Trouble, client: DemoClient, random: Random, turn: number): DemoLead {
  const change = (row: Readonly<Record<string, DemoValue | undefined>>, ending: LeadEnding): DemoLead => ({
    ...lead,
    ...ending,
    row: withoutAbsent({ ...lead.row, ...row }),
  });
  switch (trouble) {
    case 'no_opt_in': {
      // Half of them answered one question and not the other; half were asked nothing.
      const [kept] = client.optIns;
      const partial = inventConsents(random, client, lead.row['collected_at'] as Date).filter(
        (consent) => consent.purpose === kept?.[0] && consent.channel === kept[1],
      );
      return change(
        { consents: random.oneIn(2) ? JSON.stringify(partial) : undefined },
        { ending: 'withheld', detail: 'opt_in_missing' },
      );
    }
    case 'no_name':
      return change(
        { last_name: undefined, email: `sans.nom.${lead.reference.toLowerCase()}@courriel.example` },
        { ending: 'failed', detail: 'invalid' },
      );
    case 'sold_out':
      return change(
        { programme: soldOutProgramme },
        { ending: 'failed', detail: 'refused:programme_closed' },
      );
    case 'ghost':
      return change(
        { programme: unknownProgramme },
        { ending: 'failed', detail: 'invalid:programme_unknown' },
      );
    case 'elsewhere':
      return change({ programme: 'ZZ-AILLEURS' }, { ending: 'not_routed', detail: '' });
    case 'door':
      return atTheDoor(change, turn);
  }
}

/** Rows the lead contract refuses, one fault each. */
function atTheDoor(
  change: (row: Readonly<Record<string, DemoValue | undefined>>, ending: LeadEnding) => DemoLead,
  turn: number,
): DemoLead {
  const faults: readonly (readonly [Readonly<Record<string, DemoValue>>, string])[] = [
    [{ mobile: '06 39 98 00 12' }, 'mobile BAD_FORMAT'],
    [{ channel: 'fax' }, 'channel NOT_ALLOWED_VALUE'],
    [
      {
        consents:
          '[{"purpose":"marketing","channel":"email","state":"maybe","recordedAt":"2026-11-20T10:15:00+01:00"}]',
      },
      'consents[0].state NOT_ALLOWED_VALUE',
    ],
    [{ consents: '{"optin": oui}' }, 'consents BAD_JSON'],
    [{ email: ' ' }, 'email OUTER_BLANKS'],
  ];
  const fault = faults[turn % faults.length];
  return change(fault?.[0] ?? {}, { ending: 'refused', detail: fault?.[1] ?? '' });
}

function withoutAbsent(row: Readonly<Record<string, DemoValue | undefined>>): DemoRow {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined)) as DemoRow;
}

export const destinationsOfDemo = demoClients.map((client) => client.destination);
