// The invented leads: the same for a seed, nobody real, and everything in them that an integrator must meet.
import { checkRow } from '../../src/intake/contract.ts';
import { channels, consentStates, interactionKinds } from '../../src/domain/lead.ts';
import { demoClients } from '../../sandbox/people/clients.ts';
import { inventLeads } from '../../sandbox/people/leads.ts';
import { communes } from '../../sandbox/people/places.ts';

const now = new Date('2026-11-24T10:00:00Z');
const leads = inventLeads({ seed: 2026, count: 300, now });

const textsOf = (column: string): string[] =>
  leads.flatMap(({ row }) => (typeof row[column] === 'string' ? [row[column]] : []));
const eventsOf = (column: string): Record<string, string>[] =>
  textsOf(column).flatMap((text) => {
    try {
      return JSON.parse(text) as Record<string, string>[];
    } catch {
      return [];
    }
  });

test('the same seed gives the same leads, another one others', () => {
  expect(inventLeads({ seed: 2026, count: 300, now })).toEqual(leads);
  expect(inventLeads({ seed: 7, count: 300, now })).not.toEqual(leads);
});

test('nobody can be reached: phones and addresses are in the ranges kept for fiction', () => {
  const phones = [...textsOf('mobile'), ...textsOf('landline')].filter((phone) => phone.startsWith('+'));
  expect(phones.length).toBeGreaterThan(250);
  expect(phones.filter((phone) => !/^\+33(19900|63998)\d{4}$/.test(phone))).toEqual([]);
  expect(new Set(phones).size).toBe(phones.length);
  expect(textsOf('email').filter((one) => one !== ' ' && !/\.(example|invalid)$/.test(one))).toEqual([]);
});

test('communes and départements are real', () => {
  const known = new Map(communes().map((one) => [one.code, one]));
  for (const { row } of leads) {
    const commune = known.get(String(row['commune']));
    expect(commune?.name).toBe(row['commune_name']);
    expect(commune?.departement).toBe(row['departement']);
  }
});

test('all channels, ten kinds of interaction, and every state for every opt-in of every client', () => {
  expect(new Set(textsOf('channel'))).toEqual(new Set([...channels, 'fax']));
  expect(new Set(eventsOf('interactions').map((one) => one['kind']))).toEqual(new Set(interactionKinds));
  for (const client of demoClients) {
    const own = leads.filter((one) => one.clientId === client.id && one.ending === 'delivered');
    for (const [purpose, channel] of client.optIns) {
      const states = own.flatMap(({ row }) =>
        (JSON.parse(String(row['consents'])) as Record<string, string>[])
          .filter((one) => one['purpose'] === purpose && one['channel'] === channel)
          .map((one) => one['state']),
      );
      expect([client.id, purpose, channel, new Set(states)]).toEqual([
        client.id,
        purpose,
        channel,
        new Set(consentStates),
      ]);
    }
  }
});

test('what is meant to be refused at the door is, for the reason foretold, and nothing else is', () => {
  for (const { row, ending, detail, reference } of leads) {
    const checked = checkRow(row, now);
    const found = 'row' in checked ? '' : checked.refusals.map((one) => `${one.column} ${one.code}`).join();
    expect([reference, found]).toEqual([reference, ending === 'refused' ? detail : '']);
  }
});

test('trouble is there in the planned amounts, and in a short list too', () => {
  const count = (ending: string, detail: string, list = leads): number =>
    list.filter((one) => one.ending === ending && one.detail === detail).length;
  expect(count('withheld', 'opt_in_missing')).toBe(8);
  expect(count('failed', 'invalid')).toBe(5);
  expect(count('failed', 'refused:programme_closed')).toBe(3);
  expect(leads.filter((one) => one.ending === 'refused')).toHaveLength(5);
  const short = inventLeads({ seed: 2026, count: 40, now });
  expect(new Set(short.map((one) => one.ending))).toEqual(new Set(leads.map((one) => one.ending)));
});

test('names, comments and gaps that break software are among them', () => {
  const comments = textsOf('comment').join('\n');
  for (const hostile of ['😀', '=cmd', '<script>', ']]>', '"', ';']) expect(comments).toContain(hostile);
  expect(textsOf('last_name').some((name) => name.length > 80)).toBe(true);
  expect(textsOf('last_name').some((name) => /^(de|du|d')/i.test(name))).toBe(true);
  for (const column of [
    'civility',
    'first_name',
    'email',
    'mobile',
    'budget_max',
    'comment',
    'origin_media',
  ]) {
    expect([column, leads.some(({ row }) => row[column] === undefined)]).toEqual([column, true]);
  }
  expect(leads.some(({ row }) => row['contribution'] !== undefined)).toBe(true);
});
