// The register and the calendar of retention, from the command line, over leads of every age.
import { openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { actionsOf, environmentOf, terminalOf, type Relais } from '../cli/terminal.ts';
import { keep, noon } from './kept.ts';

let gateway: Gateway;
let relais: Relais;

beforeAll(async () => {
  gateway = await openGateway({ files: webhookFiles(1) });
  relais = terminalOf(environmentOf(gateway));
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterAll(() => gateway.close());

const record = (...more: readonly string[]) => relais('operation', 'record', ...more, '--client', 'essai');
const instruct = (...more: readonly string[]) =>
  relais(
    ...['instruction', 'record', '--client', 'essai', '--date', '2026-11-02'],
    ...['--from', 'Mme Exemple, DPO', '--document', 'courrier du 2 novembre', ...more],
  );

test('C53: an instruction has a number of its client, and what it covers is in the register and the log', async () => {
  expect((await instruct('--covers', 'recipients')).out).toContain('Instruction 1 of essai');
  expect((await instruct('--covers', 'retention', '--operation', 'OP-B')).out).toContain(
    'Instruction 2 of essai',
  );
  expect((await instruct('--covers', 'retention', '--covers', 'proofs')).out).toContain('Instruction 3');
  const { out } = await relais('instruction', 'list', '--client', 'essai', '--json');
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object),
  ).toMatchObject([
    {
      number: 3,
      givenOn: '2026-11-02',
      covers: ['retention', 'proofs'],
      operation: '',
      recordedBy: 'staff:1',
    },
    { number: 2, covers: ['retention'], operation: 'OP-B' },
    { number: 1, givenBy: 'Mme Exemple, DPO', document: 'courrier du 2 novembre' },
  ]);
  expect(await actionsOf(gateway, 'instruction_recorded')).toHaveLength(3);
  const future = await relais(
    ...['instruction', 'record', '--client', 'essai', '--date', '2999-01-01', '--from', 'Mme Exemple'],
    ...['--document', 'courrier', '--covers', 'retention'],
  );
  expect([future.code, future.err]).toEqual([64, expect.stringContaining('has not been given yet')]);
});

test('C35: what keeps data longer is refused without an instruction that covers it, and past three years it is said', async () => {
  expect((await record('OP-A', '--ends', '2026-09-30')).code).toBe(0);
  const refused = [
    await record('OP-A', '--ends', '2026-10-30'),
    await record('OP-A', '--kind', 'recurring'),
    await record('OP-A', '--ends', '2026-09-30', '--delay', '3m'),
    await record('OP-A', '--ends', '2026-09-30', '--delay', '3m', '--instruction', '1'),
    await record('OP-A', '--ends', '2026-09-30', '--delay', '3m', '--instruction', '2'),
    await record('--kind', 'recurring', '--delay', '40m'),
  ];
  for (const { code, err } of refused)
    expect([code, err]).toEqual([1, expect.stringMatching(/^RETENTION-001 [^]*relais instruction record/)]);
  expect(
    (await record('OP-A', '--ends', '2026-09-30', '--delay', '3m', '--instruction', '77')).err,
  ).toContain('has no instruction 77');
  // Earlier needs none.
  expect((await record('OP-A', '--ends', '2026-09-15')).code).toBe(0);
  const long = await record('OP-L', '--kind', 'recurring', '--delay', '40m', '--instruction', '3');
  expect([long.code, long.err]).toEqual([0, expect.stringContaining('longer than 3 years')]);
  const short = await record('OP-B', '--ends', '2026-12-31', '--delay', '15d', '--instruction', '2');
  expect([short.code, short.err]).toEqual([0, '']);
  const { out } = await relais('operation', 'list', '--json');
  expect(
    out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as object),
  ).toMatchObject([
    { code: 'OP-A', kind: 'one_off', endsOn: '2026-09-15', instruction: 0 },
    { code: 'OP-B', endsOn: '2026-12-31', delay: { count: 15, unit: 'day' }, instruction: 2 },
    { code: 'OP-L', kind: 'recurring', delay: { count: 40, unit: 'month' }, instruction: 3 },
  ]);
});

test.each([
  [['OP-A', '--ends', '2026-02-30'], 'is not a date'],
  [['OP-A', '--kind', 'recurring', '--ends', '2026-02-20'], 'has no end'],
  [['--ends', '2026-02-20'], 'has a code'],
  [['OP A', '--ends', '2026-02-20'], 'letters, digits'],
  [['+33639980001', '--ends', '2026-02-20'], 'letters, digits'],
  [['OP-A', '--ends', '2026-02-20', '--delay', 'x'], 'is not a delay'],
])('what makes no sense is refused: %j', async (argv, said) => {
  const { code, err } = await record(...argv);
  expect([code, err]).toEqual([64, expect.stringContaining(said)]);
});

test('C30–C33: the calendar says what goes when and why, the shared sign included', async () => {
  const phone = { mobile: '+33639981111' };
  await keep(gateway, {
    'OP-1': { collected: '2026-08-01', over: { operation: 'OP-A', operation_kind: 'one_off' } },
    'OP-2': { collected: '2026-08-02', over: { operation: 'OP-B', operation_kind: 'one_off' } },
    'NO-END': { collected: '2024-03-10', over: { operation: 'OP-X', operation_kind: 'one_off' } },
    OLD: { collected: '2024-03-20' },
    // Came back in 2026, under another mail address and the same phone: only the cap is left of the first.
    'BACK-1': { collected: '2023-05-01', over: phone },
    'BACK-2': { collected: '2026-06-01', over: { landline: phone.mobile, mobile: null } },
    // Two hops are one too many.
    'HOP-1': { collected: '2024-03-25', over: { mobile: '+33639982222' } },
    'HOP-2': { collected: '2024-04-01', over: { mobile: '+33639982222', email: 'hop@courriel.example' } },
    'HOP-3': { collected: '2026-07-01', over: { mobile: '+33639983333', email: 'hop@courriel.example' } },
    CALLED: { collected: '2024-03-26' },
  });
  // Wanted by the person, and by nobody but us.
  const [called] = await gateway.owner.all<{ id: number }>("SELECT id FROM leads WHERE reference = 'CALLED'");
  for (const [kind, at, voluntary] of [
    ['inbound_call', '2025-01-10', 1],
    ['email_sent', '2026-01-10', 0],
  ] as const)
    await gateway.owner.run(
      "INSERT INTO interactions (client_id, lead_id, kind, happened_at, voluntary) VALUES ('essai', ?, ?, ?, ?)",
      [called?.id ?? 0, kind, noon(at), voluntary],
    );
  const plan = async (...more: readonly string[]) => {
    const { out, err } = await relais('retention', 'plan', '--client', 'essai', '--json', ...more);
    expect(err).not.toMatch(/INTERNAL/);
    return out
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const { on, how, rule, operation, references } = JSON.parse(line) as Record<string, unknown>;
        return [on, how, rule, operation, (references as string[]).join()].join(' ');
      });
  };
  expect(await plan('--until', '2030-12-31')).toEqual([
    '2026-11-15 purge operation_end OP-A OP-1',
    '2027-01-15 purge instruction OP-B OP-2',
    '2027-03-10 purge three_years OP-X NO-END',
    '2027-03-20 anonymise three_years  OLD',
    '2027-04-01 anonymise three_years  HOP-1',
    '2028-01-01 anonymise five_years  BACK-1',
    '2028-01-10 anonymise three_years  CALLED',
    '2029-01-01 anonymise five_years  HOP-2',
    '2029-06-01 anonymise three_years  BACK-2',
    '2029-07-01 anonymise three_years  HOP-3',
  ]);
  expect(await plan('--month', '2027-03')).toEqual([
    '2027-03-10 purge three_years OP-X NO-END',
    '2027-03-20 anonymise three_years  OLD',
  ]);
  const shown = await relais('retention', 'plan', '--month', '2027-03', '--leads');
  expect(shown.out).toMatch(
    /2027-03-20 +essai +anonymised +- +1 +three years after the last voluntary sign \(C33\)/,
  );
  expect(shown.out).toContain('2027-03-20 essai: OLD');
  expect(shown.err).toContain('One-off, and no end is recorded: OP-X of essai');
  expect(shown.err).toContain('2 leads until 2027-03-31.');
  expect((await relais('retention', 'plan', '--month', '2031-03')).err).toContain(
    'Nothing is deleted from 2031-03-01',
  );
  for (const wrong of [
    ['--month', '2027-13'],
    ['--until', 'x'],
    ['--until', '2027-01-01', '--month', '2027-01'],
  ])
    expect((await relais('retention', 'plan', ...wrong)).code).toBe(64);
  expect((await relais('retention', 'plan', '--client', 'nobody')).err).toContain('FIND-001');
});
