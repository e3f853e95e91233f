// Bugs to plant in what holds for a person: consents that end or are taken back, requests, restrictions; and in the log of all that.
import { one, type YearsPlant } from './plant.ts';

export const rightsPlants: readonly YearsPlant[] = [
  {
    name: 'restricted, and told all the same',
    patches: one(
      'src/delivery/content/render.ts',
      'read.restricted === true &&',
      'read.restricted === true && row.id < 0 &&',
    ),
    red: ['restricted'],
    company: 'F',
    like: / told to /,
  },
  {
    name: 'nobody is told of an erasure',
    patches: one(
      'src/privacy/rights.ts',
      "await addChange(tx, { clientId, leadId, revision, kind: 'erased' });",
      '',
    ),
    red: ['incomplete'],
    company: 'F',
    like: /heard nothing by wire/,
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
    company: 'B',
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
    company: 'F',
  },
  {
    name: 'a yes of thirteen months',
    patches: one(
      'src/domain/consent.ts',
      'export const phoneGrantDays = 365;',
      'export const phoneGrantDays = 395;',
    ),
    red: ['lapsed'],
    company: 'A',
  },
  {
    name: 'an objection forgets who comes later',
    patches: one(
      'src/intake/same-person.ts',
      'if (said.size === 0) return [];',
      'if (said.size >= 0) return [];',
    ),
    red: ['objected'],
    company: 'B',
  },
  {
    name: 'a withdrawal stays with its lead',
    patches: one(
      'src/store/people/same-person.ts',
      'if (directions.length === 0) return [];',
      'if (directions.length >= 0) return [];',
    ),
    red: ['objected'],
    company: 'F',
  },
  {
    name: 'closed without a word to the person',
    patches: one(
      'src/domain/requests.ts',
      "...(isInformed ? [] : [{ what: 'not_informed' as const }]),",
      '...(isInformed || open.length >= 0 ? [] : []),',
    ),
    red: ['incomplete'],
    company: 'A',
    like: /nobody declared/,
  },
  {
    name: 'closed while a recipient is open',
    patches: one(
      'src/domain/requests.ts',
      "...open.map((destinationId) => ({ what: 'recipient_open' as const, destinationId })),",
      '',
    ),
    red: ['incomplete'],
    company: 'B',
    like: /was not told/,
  },
  {
    name: 'a recipient is settled by having been asked',
    patches: one(
      'src/domain/requests.ts',
      "state === 'acknowledged' || state === 'explained';",
      "state !== 'owed';",
    ),
    red: ['incomplete'],
    company: 'F',
    like: /was not told/,
  },
  {
    name: 'nobody is alerted on day 25',
    patches: one('src/domain/requests.ts', 'addDays(received, 25)', 'addDays(received, 60)'),
    red: ['term'],
    company: 'A',
  },
  {
    name: 'an erasure blanks nothing',
    patches: one('src/privacy/rights.ts', 'await blankLead(tx, leadId, clientId, reference, revision);', ''),
    red: ['erased'],
    company: 'A',
  },
  {
    name: 'each seal for itself',
    patches: one('src/privacy/seal.ts', 'previous: before?.mac ?? noSeal,', 'previous: noSeal,'),
    red: ['log'],
    company: 'D',
  },
];
