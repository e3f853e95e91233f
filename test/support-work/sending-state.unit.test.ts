// The words for a destination that does not send as many as it bears, in every state its circuit can be in.
import { sendingStateOf, type SendingState } from '../../src/support/sending-state.ts';
import { allowed, closedCircuit, type Circuit } from '../../src/domain/breaker.ts';
import type { SendingHours } from '../../src/domain/sending-hours.ts';
import type { Destination, DestinationState } from '../../src/store/destinations/destinations.ts';

const now = Date.UTC(2026, 10, 25, 12);
const destination = {
  id: 'essai-crm',
  connector: 'webhook',
  status: 'active',
  statusReason: '',
} as Destination;
const state = (circuit: Circuit): DestinationState => ({
  destinationId: 'essai-crm',
  circuit,
  windows: {},
  accessDigest: undefined,
  now,
});
const of = (more: Partial<Circuit>, one: Partial<Destination> = {}): SendingState | undefined =>
  sendingStateOf({ ...destination, ...one }, state({ ...closedCircuit, ...more }));

test('outside its hours it says when it opens, in both languages, before anything of its circuit', () => {
  // Nine to ten in Paris; it is one in the afternoon.
  const hours: SendingHours = {
    zone: 'Europe/Paris',
    week: Array.from({ length: 7 }, () => [{ from: 9 * 3_600_000, to: 10 * 3_600_000 }]),
    holidays: undefined,
    rightsWait: false,
  };
  const held = state({ ...closedCircuit, state: 'open', cause: 'unauthorized' });
  const told = sendingStateOf(destination, held, hours);
  expect(told).toMatchObject({ sends: 'closed', short: 'nothing before 26/11/2026 09:00:00' });
  expect(told?.words).toEqual([
    'est hors de ses horaires d’envoi ; elle ouvre le 26/11/2026 09:00:00',
    'is outside its sending hours; it opens 26/11/2026 09:00:00',
  ]);
  expect(sendingStateOf({ ...destination, status: 'suspended' }, held, hours)?.sends).toBe('suspended');
});

const open = { state: 'open', cause: 'unauthorized' } as const;
const later = now + 60_000;

test.each<[string, Partial<Circuit>, SendingState['sends'] | undefined, RegExp]>([
  ['closed', {}, undefined, /^$/],
  ['a quiet time that is over', { quietUntil: now - 1 }, undefined, /^$/],
  [
    'quiet',
    { quietUntil: later, throttles: 1, pace: 1 },
    'quiet',
    /until 25\/11\/2026 13:01:00: .* slow down; then one/,
  ],
  ['quiet again', { quietUntil: later, throttles: 4, pace: 1 }, 'quiet', /4 times in a row/],
  ['slow', { pace: 4 }, 'few', /sends 4 leads at a time: the recipient asked to slow down/],
  ['careful', { untried: true }, 'few', /sends one lead at a time: nothing is accepted yet/],
  [
    'ramping',
    { state: 'ramping', cause: 'unavailable', allowance: 8 },
    'few',
    /8 leads at a time: it answers again/,
  ],
  ['held', { ...open, nextProbeAt: later }, 'held', /held: it refuses our access.*next probe 25/],
  ['held, due', { ...open, nextProbeAt: now - 5 }, 'held', /; one lead is tried now/],
  [
    'held and quiet',
    { ...open, nextProbeAt: now - 5, quietUntil: later },
    'held',
    /next probe 25\/11\/2026 13:01/,
  ],
])('%s', (_title, circuit, sends, words) => {
  const weather = of(circuit);
  expect(weather?.sends).toBe(sends);
  expect(weather?.words[1] ?? '').toMatch(words);
  const through = allowed({ ...closedCircuit, ...circuit }, now);
  expect(through === Number.POSITIVE_INFINITY).toBe(weather === undefined);
  if (through === 0) expect(weather?.next[1]).not.toMatch(/turn|tried now/);
});

test('a suspended destination is that first, and one of files speaks of files', () => {
  expect(of({ ...open }, { status: 'suspended', statusReason: 'ticket 3' })?.words).toEqual([
    'est suspendue : ticket 3',
    'is suspended: ticket 3',
  ]);
  expect(of({ untried: true }, { connector: 'flow' })?.words[0]).toMatch(/^envoie un fichier à la fois/);
});
