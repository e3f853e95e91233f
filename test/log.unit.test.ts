// What can be logged at all (guarantee 7): codes and numbers under known names; everything else is dropped or replaced.
import fc from 'fast-check';
import { createLog, silentLog, sparing } from '../src/log.ts';

function logged(fields: object, level: 'info' | 'warn' | 'error' = 'info', threshold = 'info'): string {
  let text = '';
  const log = createLog({ level: threshold, stream: { write: (line) => void (text += line) } });
  log[level]('delivery.attempted', fields);
  return text;
}
const parsed = (fields: object): Record<string, unknown> =>
  JSON.parse(logged(fields)) as Record<string, unknown>;

test('a line holds its event, its time and the fields that are known, nothing of the machine', () => {
  expect(parsed({ client: 'horizon', delivery: 42, outcome: 'accepted', durationMs: 12.34567 })).toEqual({
    ...{
      level: 30,
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as unknown,
      msg: 'delivery.attempted',
    },
    ...{ client: 'horizon', delivery: 42, outcome: 'accepted', durationMs: 12.346 },
  });
});
test('a field nobody knows is dropped, whatever it holds', () => {
  const text = logged({
    lastName: 'Lefevre',
    email: 'zoe@courriel.example',
    payload: 'x',
    msg2: 'y',
    delivery: 1,
  });
  expect(text).not.toMatch(/Lefevre|courriel|payload|msg2|REDACTED/);
});
test.each([
  ['an e-mail address', 'zoe.lefevre@courriel.example'],
  ['a phone number with spaces', '06 39 98 01 23'],
  ['a phone number behind a word', 'refused:0639980123'],
  ['an international phone number', '+33639980123'],
  ['a first name and a name', 'Zoé Lefèvre'],
  ['a name without accents', 'Zoe Lefevre'],
  ['an accented name', 'Lefèvre'],
  ['a sentence', 'ne veut plus être rappelée'],
  ['a line break that would forge a line', 'ok\n{"level":50}'],
  ['a token in a query', 'https://crm.example/leads?token=abc'],
  ['a text of 121 characters', 'x'.repeat(121)],
  ['an empty text', ''],
])('%s in a known field is replaced', (_title, value) => {
  const text = logged({ reason: value, host: value, code: value });
  expect(JSON.parse(text)).toMatchObject({ reason: 'REDACTED', host: 'REDACTED', code: 'REDACTED' });
  if (value !== '') expect(text).not.toContain(JSON.stringify(value).slice(1, -1));
});
test.each([
  'refused:PROGRAMME_CLOSED',
  'crm.horizon.example',
  '[::1]:8443',
  'horizon-crm',
  'SQL_1213',
  'folder/file',
])('codes, slugs and hosts pass: %s', (value) =>
  expect(parsed({ reason: value })).toMatchObject({ reason: value }),
);
test('nested objects, lists, buffers, dates and errors are dropped', () => {
  const nested = {
    ...{
      reason: { email: 'zoe@courriel.example' },
      client: ['Lefevre'],
      code: new Error('Duplicate zoe'),
      host: null,
    },
    ...{
      delivery: { id: 1 },
      count: '06',
      lead: new Date(),
      bytes: Number.NaN,
      status: Number.POSITIVE_INFINITY,
    },
    signal: Buffer.from('Lefevre'),
  };
  const { level: _level, time: _time, msg: _msg, ...rest } = parsed(nested);
  expect(rest).toEqual({});
});
test('names that every object inherits open no door', () => {
  const {
    level: _level,
    time: _time,
    msg: _msg,
    ...rest
  } = parsed({ constructor: 'Lefevre', toString: 'Lefevre' });
  expect(rest).toEqual({});
});
test('whatever is passed, a line holds only known names with numbers or codes', () => {
  const names = fc.constantFrom(
    'client',
    'reason',
    'delivery',
    'status',
    'host',
    'lastName',
    'email',
    '__proto__',
    'err',
  );
  fc.assert(
    fc.property(
      fc.dictionary(names, fc.oneof(fc.anything(), fc.string({ unit: 'grapheme' }), fc.emailAddress())),
      (fields) => {
        const { level: _level, time: _time, msg: _msg, ...rest } = parsed(fields);
        for (const [name, value] of Object.entries(rest)) {
          expect(['client', 'reason', 'delivery', 'status', 'host']).toContain(name);
          // A number beyond 1e305 overflows when it is rounded and is written as null.
          if (typeof value !== 'number' && value !== null)
            expect(value).toMatch(/^[A-Za-z0-9_.:/[\]-]{1,120}$/);
        }
      },
    ),
  );
});
test('the level of the configuration holds', () => {
  expect(logged({}, 'info', 'warn')).toBe('');
  expect(logged({}, 'warn', 'warn')).toContain('"level":40');
  expect(logged({}, 'error', 'error')).toContain('"level":50');
  expect(silentLog.error('process.failed')).toBeUndefined();
});

test('what meets every push and look of an outage is one line of the process, whatever the destination', () => {
  const lines: string[] = [];
  const log = createLog({ level: 'info', stream: { write: (line) => void lines.push(line) } });
  for (let turn = 0; turn < 100; turn += 1) {
    const destination = `essai-${turn % 10}`;
    log.warn('redis.unavailable', { loop: 'dispatch', destination, code: 'ECONNREFUSED', count: 3 });
    log.warn('store.unavailable', { loop: 'look', code: 'DB-001' });
    log.error('callback.failed', { code: 'DB-001' });
  }
  log.warn('redis.unavailable', { loop: 'worker', code: 'ECONNREFUSED' });
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
    ...['redis.unavailable', 'store.unavailable', 'callback.failed', 'redis.unavailable'],
  ]);
});

test('an error that meets every request is said once in a period, and then how often it came', () => {
  const lines: unknown[] = [];
  let clock = 0;
  const log = sparing(
    { ...silentLog, error: (event, fields) => void lines.push([event, fields]) },
    60_000,
    () => clock,
  );
  for (let turn = 0; turn < 500; turn += 1) log.error('api.failed', { code: 'ER_DISK_FULL' });
  log.error('api.failed', { code: 'ER_CON_COUNT_ERROR' });
  clock = 60_000;
  log.error('api.failed', { code: 'ER_DISK_FULL' });
  expect(lines).toEqual([
    ['api.failed', { code: 'ER_DISK_FULL' }],
    ['api.failed', { code: 'ER_CON_COUNT_ERROR' }],
    ['api.failed', { code: 'ER_DISK_FULL', count: 500 }],
  ]);
});
