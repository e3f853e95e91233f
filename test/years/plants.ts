// Bugs to plant in each rule that has a date or a person behind it, to see that the account of ten years notices.
// Invariant: as in test/faults/plants.ts: the product holds no switch for them, and a text that is not found any more is an error.
import type { Patch } from '../faults/plants.ts';
import type { Zero } from './figures.ts';

export interface YearsPlant {
  readonly name: string;
  readonly patches: readonly Patch[];
  /** One of these must turn red. */
  readonly red: readonly Zero[];
}

const retention = 'src/domain/retention.ts';
const one = (file: string, find: string, put: string): readonly Patch[] => [{ file, find, put }];

export const yearsPlants: readonly YearsPlant[] = [
  {
    name: 'one month more after an operation',
    patches: one(
      retention,
      "const afterEnd: Delay = { count: 2, unit: 'month' };",
      "const afterEnd: Delay = { count: 3, unit: 'month' };",
    ),
    red: ['tooLong'],
  },
  {
    name: 'two months are sixty days',
    patches: one(
      retention,
      "const afterEnd: Delay = { count: 2, unit: 'month' };",
      "const afterEnd: Delay = { count: 60, unit: 'day' };",
    ),
    red: ['tooLong', 'tooEarly'],
  },
  {
    name: 'six years instead of five',
    patches: one(retention, 'const capYears = 5;', 'const capYears = 6;'),
    red: ['tooLong'],
  },
  {
    name: 'anonymised a month early',
    patches: one(retention, 'export const anonymiseMonths = 36;', 'export const anonymiseMonths = 35;'),
    red: ['tooEarly'],
  },
  {
    name: 'anonymised a month late',
    patches: one(retention, 'export const anonymiseMonths = 36;', 'export const anonymiseMonths = 37;'),
    red: ['tooLong'],
  },
  {
    name: 'relayed for three years',
    patches: one(retention, 'export const inactiveMonths = 24;', 'export const inactiveMonths = 35;'),
    red: ['inactive'],
  },
  {
    name: "the client's delay is not read",
    patches: one(
      retention,
      'addDelay(endsOn, delay ?? afterEnd)',
      'addDelay(endsOn, delay === undefined ? afterEnd : afterEnd)',
    ),
    red: ['tooLong', 'tooEarly'],
  },
  {
    name: 'days of UTC',
    // Between the two midnights a lead has another date.
    patches: one('src/domain/civil-date.ts', "const zone = 'Europe/Paris';", "const zone = 'UTC';"),
    red: ['tooLong', 'tooEarly'],
  },
  {
    name: 'months that run over',
    // 31 January and a month is 3 March.
    patches: one(
      'src/domain/civil-date.ts',
      'return dateText(toYear, toMonth, Math.min(day, daysIn(toYear, toMonth)));',
      'return addDays(dateText(toYear, toMonth, 1), day - 1 + 0 * daysIn(toYear, toMonth));',
    ),
    red: ['tooLong'],
  },
  {
    name: 'each request for itself',
    patches: one(
      'src/store/last-signs.ts',
      'siblings.get(id)?.add(other);',
      'siblings.get(id)?.add(id + 0 * other);',
    ),
    red: ['tooEarly'],
  },
  {
    name: 'what we send is a sign',
    patches: one('src/store/retention-candidates.ts', 'AND i.voluntary = 1)', 'AND i.voluntary >= 0)'),
    red: ['tooLong'],
  },
  {
    name: 'restricted, and deleted all the same',
    patches: one(
      'src/retention/leave.ts',
      'return new Set([...held, ...untold]);',
      'return new Set([...untold].filter((id) => !held.has(id)));',
    ),
    red: ['restricted'],
  },
  {
    name: 'restricted, and told all the same',
    patches: one(
      'src/delivery/attempt/render.ts',
      'read.restricted === true &&',
      'read.restricted === undefined &&',
    ),
    red: ['restricted'],
  },
  {
    name: 'nobody is told of an erasure',
    patches: one(
      'src/privacy/rights.ts',
      "await addChange(tx, { clientId, leadId, revision, kind: 'erased' });",
      '',
    ),
    red: ['incomplete', 'tooLong'],
  },
  {
    name: 'ends of consents are not told',
    patches: one(
      'src/delivery/background/consent-ends.ts',
      'async () => void (more = await tellDue(needs)),',
      'async () => void (more = (await tellDue(needs)) && false),',
    ).concat(
      one(
        'src/delivery/background/consent-ends.ts',
        'if (leadIds.length === 0) return false;',
        'if (leadIds.length >= 0) return false;',
      ),
    ),
    red: ['lapsed'],
  },
  {
    name: 'told when it is over',
    // The yes stands at the recipient until somebody looks again.
    patches: one(
      'src/domain/consent.ts',
      'export const toldAheadMs = 15 * 60_000;',
      'export const toldAheadMs = -15 * 60_000;',
    ),
    red: ['lapsed'],
  },
  {
    name: 'a yes of thirteen months',
    patches: one(
      'src/domain/consent.ts',
      'export const phoneGrantDays = 365;',
      'export const phoneGrantDays = 395;',
    ),
    red: ['lapsed'],
  },
  {
    name: 'an objection forgets who comes later',
    patches: one(
      'src/intake/oppositions.ts',
      'if (said.size === 0) return [];',
      'if (said.size >= 0) return [];',
    ),
    red: ['objected'],
  },
  {
    name: 'a withdrawal stays with its lead',
    patches: one(
      'src/store/same-person.ts',
      'if (directions.length === 0) return [];',
      'if (directions.length >= 0) return [];',
    ),
    red: ['objected'],
  },
  {
    name: 'closed without a word to the person',
    patches: one(
      'src/domain/requests.ts',
      "...(isInformed ? [] : [{ what: 'not_informed' as const }]),",
      '...(isInformed || open.length >= 0 ? [] : []),',
    ),
    red: ['incomplete'],
  },
  {
    name: 'closed while a recipient is open',
    patches: one(
      'src/domain/requests.ts',
      "...open.map((destinationId) => ({ what: 'recipient_open' as const, destinationId })),",
      '',
    ),
    red: ['incomplete'],
  },
  {
    name: 'a recipient is settled by having been asked',
    patches: one(
      'src/domain/requests.ts',
      "state === 'acknowledged' || state === 'explained';",
      "state !== 'owed';",
    ),
    red: ['incomplete'],
  },
  {
    name: 'nobody is alerted on day 25',
    patches: one('src/domain/requests.ts', 'addDays(received, 25)', 'addDays(received, 60)'),
    red: ['term'],
  },
  {
    name: 'rows of an ended operation come back',
    patches: one(
      'src/intake/retention-over.ts',
      'if (!isDue(retention, today)) return undefined;',
      "if (!isDue(retention, today) || today !== '') return undefined;",
    ),
    red: ['ended', 'tooLong'],
  },
  {
    name: 'facts of whoever is there',
    patches: one(
      'src/domain/retention-facts.ts',
      'export const cellPersons = 11;',
      'export const cellPersons = 2;',
    ),
    red: ['facts'],
  },
  {
    name: 'a person who goes leaves the refused rows',
    patches: one(
      'src/retention/leave.ts',
      'if (!others) await removeRefusedOfPerson(tx, leadId, clientId);',
      'if (others && leadId < 0) await removeRefusedOfPerson(tx, leadId, clientId);',
    ),
    red: ['remains'],
  },
  {
    name: 'the addresses stay behind',
    patches: one(
      'src/retention/leave.ts',
      'await blankLead(tx, leadId, clientId, reference, revision + 1);',
      '',
    ),
    red: ['remains'],
  },
];
