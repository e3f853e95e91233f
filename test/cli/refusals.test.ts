// What support's commands refuse, and that a refused or merely looking command leaves the database as it was.
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { actionsOf, environmentOf, terminalOf, type Relais } from './terminal.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let relais: Relais;
const why = ['--reason', 'ticket 21'];
const seen = ['--identity', 'seen'];
const of = ['--client', 'essai'];
const granted = ['--recipient', 'Essai CRM', '--document', 'lettre du 2026-11-20'];
/** What the recipient answers, by the lead's reference; 0: nothing. */
const answers = new Map<string, number>();

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = (request, response) => {
    const { ref } = JSON.parse(request.body.toString() || '{}') as { ref?: string };
    const status = answers.get(ref ?? '') ?? 200;
    if (status === 0) return;
    response.writeHead(status, { 'content-type': 'application/json' }).end('{"success":true,"id":"C-1"}');
  };
  const files = webhookFiles(crm.port);
  const patient = (files['essai/crm.yaml'] ?? '')
    .replace('retry: [1s, 1s, 2s]', 'retry: [20m, 20m]')
    .replace('response: 10s, total: 12s', 'response: 240s, total: 300s');
  const hidden = `destination: essai-secret
connector: webhook
send: { url: secret:ADDRESS }
accepts: { programme: [NONE-*] }
maxAge: 1h
${patient.slice(patient.indexOf('consent:'), patient.indexOf('update:'))}`;
  gateway = await openGateway({
    files: { ...files, 'essai/crm.yaml': patient, 'essai/secret.yaml': hidden },
  });
  relais = terminalOf(environmentOf(gateway));
  for (const one of ['essai-crm', 'essai-secret'])
    expect(await relais('mapping', 'publish', one, '--note', 'first')).toMatchObject({ code: 0 });
  const [planner] = await gateway.start('planner', 'worker');
  answers.set('WAIT-1', 503).set('SLOW-1', 0);
  // One after the other: a lead that passes brings forward the one that failed before it.
  const wanted: string[] = [];
  for (const [reference, state] of [
    ['RE-1', 'delivered'],
    ['RE-2', 'delivered'],
    ['WAIT-1', 'waiting'],
    ['SLOW-1', 'sending'],
  ] as const) {
    wanted.push(`${reference} ${state}`);
    await gateway.send(strangerRow(reference));
    await gateway.until(`${reference} ${state}`, async () => {
      const states = (await gateway.states()).map((one) => `${one.reference} ${one.state}`);
      return states.toSorted().join() === wanted.toSorted().join();
    });
  }
  // What it counts and tidies by itself would be taken for what a command did.
  await planner?.stop();
});
afterAll(async () => {
  await crm.close();
  await gateway.close();
});

const idOf = async (reference: string): Promise<string> =>
  String((await gateway.states(`l.reference = '${reference}'`))[0]?.id ?? 0);

/** Rows of every table but those that the planner goes on to count; the log's are given apart. */
async function rows(): Promise<{ readonly tables: Readonly<Record<string, number>>; readonly log: number }> {
  const names = await gateway.owner.all<{ name: string }>(
    "SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE'",
  );
  const tables: Record<string, number> = {};
  for (const { name } of names)
    tables[name] = (await gateway.owner.all<{ n: number }>(`SELECT COUNT(*) AS n FROM ${name}`))[0]?.n ?? 0;
  const { handovers: log = 0, handovers_unsealed: _waiting, seals: _seals, ...rest } = tables;
  const { destination_hours: _hours, counted_seals: _counted, ...others } = rest;
  return { tables: others, log };
}

describe('looking changes nothing', () => {
  test.each([
    [['status'], 0],
    [['lead', 'show', 'RE-1', ...of], 1],
    [['lead', 'refusals'], 0],
    [['delivery', 'list'], 0],
    [['delivery', 'show', '1'], 0],
    [['destination', 'list'], 0],
    [['destination', 'backfill', 'essai-crm', '--since', '1d', '--dry-run'], 0],
    [['authorisation', 'list'], 0],
    [['mapping', 'history', 'essai-crm'], 0],
    [['mapping', 'preview', 'essai-crm'], 0],
    [['replay', '--destination', 'essai-crm', '--dry-run'], 0],
    [['lead', 'find', '--reference', 'RE-1'], 1],
    [['lead', 'find', '--email', 're-1@courriel.example', '--client', 'essai', ...why], 1],
    [['lead', 'show', 'RE-1', ...of, '--reveal', ...why], 1],
    [['mapping', 'preview', 'essai-crm', '--lead', 'RE-1', ...why], 1],
  ])('%j leaves %i entries in the log and nothing else', async (argv, entries) => {
    const before = await rows();
    const sent = crm.received.length;
    expect(await relais(...argv)).toMatchObject({ code: 0 });
    expect(await rows()).toEqual({ ...before, log: before.log + entries });
    expect(crm.received).toHaveLength(sent);
  });
});

test.each([
  [['lead', 'show', ' RE-1\n', '--client', '\u00a0essai ']],
  [['lead', 'find', '--reference', 'RE-1\r\n']],
  [['lead', 'find', '--reference= RE-1 ', '--client=\tessai']],
  [['lookups', '--client', 'essai', '--reference', 'RE-1 ', ...why]],
  [['delivery', 'list', '--lead', ' RE-1', '--destination', 'essai-crm ', '--state', 'delivered\n']],
  [['delivery', 'show', ' 1\n']],
  [['mapping', 'preview', 'essai-crm\n', '--lead', 'RE-1\n', ...why]],
])('%j: a name copied with blanks or the end of its line is the name', async (argv) => {
  expect(await relais(...argv)).toMatchObject({ code: 0 });
});

test('blanks alone are no name, and do not take a filter away', async () => {
  expect(await relais('delivery', 'list', '--destination', ' ')).toMatchObject({ code: 64, out: '' });
  expect(await relais('replay', '--destination', '\n', '--yes', ...why)).toMatchObject({ code: 64 });
});

test.each([
  [['lead', 'find'], 64, 'USAGE-001 Give --email, --phone, --name or --reference.'],
  [['lead', 'find', '--phone', 'nine', ...why], 64, 'USAGE-001 --phone is no whole phone number'],
  [['lead', 'find', '--reference', 'RE-1', '--reveal'], 64, 'USAGE-002 Say why'],
  [['lead', 'withdraw', 'RE-404', ...of, ...why], 1, 'FIND-001 Client essai has no lead'],
  [['lead', 'withdraw', 'RE-1', '--client', 'autre', ...why], 1, 'FIND-001 Client autre has no lead'],
  [['lead', 'erase', 'RE-404', ...of, ...why, ...seen, '--yes'], 1, 'FIND-001 Client essai has no lead'],
  [
    ['lead', 'erase', 'RE-1', ...of, ...why, ...seen],
    64,
    'USAGE-002 Erasing RE-1 of essai cannot be undone. Add --yes',
  ],
  [['mapping', 'preview', 'essai-crm', '--lead', 'RE-404', ...why], 1, 'FIND-001 Client essai has no lead'],
  [['mapping', 'history', 'nowhere'], 1, 'FIND-001'],
  [['mapping', 'rollback', 'essai-crm', '7', ...why], 1, 'FIND-001'],
  [['destination', 'resume', 'essai-crm', ...why], 1, 'DEST-001 Destination essai-crm is active already'],
  [['destination', 'backfill', 'nowhere', '--since', '1d', ...why], 1, 'FIND-001 No destination'],
  [['destination', 'backfill', 'essai-crm', '--since', '2026-02-30', ...why], 64, 'is not a date'],
  [['destination', 'test', 'essai-secret'], 78, 'CONFIG-001 Secrets not provided: ADDRESS'],
  [['authorisation', 'list', '--destination', 'nowhere'], 1, 'FIND-001 No destination is called nowhere'],
  [['authorisation', 'grant', 'nowhere', ...granted], 1, 'FIND-001 No destination is called nowhere'],
  [
    ['authorisation', 'grant', 'essai-secret', ...granted],
    64,
    'USAGE-001 The address of essai-secret is a secret',
  ],
  [
    ['authorisation', 'grant', 'essai-crm', '--recipient', ' ', '--document', 'c'],
    64,
    'USAGE-001 --recipient',
  ],
  [
    ['authorisation', 'grant', 'essai-crm', ...granted, '--until', '2020-01-01'],
    64,
    '--until must come after',
  ],
  [['replay', '1', '999999', ...why, '--yes'], 1, 'FIND-001 No delivery has the number or key 999999'],
  [['replay', '--client', 'nobody', ...why, '--yes'], 1, 'FIND-001 No client is called nobody.'],
  [['cancel', 'no-such-key', ...why], 1, 'FIND-001 No delivery has the number or key no-such-key'],
])('%j ends with %i and changes nothing, not even the log', async (argv, code, message) => {
  const before = await rows();
  const ran = await relais(...argv);
  expect(ran).toMatchObject({ code, out: '' });
  expect(ran.err).toContain(message);
  expect(ran.err).not.toMatch(/\n\s+at |\.\n→ Report it/);
  expect(await rows()).toEqual(before);
});

describe('deliveries that have not ended', () => {
  beforeAll(() => gateway.start('planner'));

  test('one being sent is neither cancelled nor replayed', async () => {
    const id = await idOf('SLOW-1');
    const cancelled = await relais('cancel', id, ...why);
    expect(cancelled).toMatchObject({ code: 1, out: '0 of 1 cancelled.\n' });
    expect(cancelled.err).toContain(
      `REPLAY-002 Not cancelled, being sent, at their end already, or opened again since they were counted: ${id}.`,
    );
    const replayed = await relais('replay', id, ...why);
    expect(replayed).toMatchObject({ code: 1, err: expect.stringMatching(/^REPLAY-001 /) as string });
    expect(replayed.out).toContain('refused: it is already on its way');
    expect(await actionsOf(gateway, 'cancelled', 'replayed')).toEqual([]);
  });

  test('one that waits has its next try brought forward, in the same run', async () => {
    const id = await idOf('WAIT-1');
    answers.delete('WAIT-1');
    const ran = await relais('replay', id, ...why);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(ran.out).toBe('     1  has its next try brought forward\n1 replayed, 0 refused.\n');
    await gateway.until(
      'delivered',
      async () => (await gateway.states("l.reference = 'WAIT-1'"))[0]?.state === 'delivered',
    );
    const [row] = await gateway.owner.all<{ run: number; attempt: number }>(
      'SELECT run, attempt FROM deliveries WHERE id = ?',
      [Number(id)],
    );
    expect(row).toEqual({ run: 1, attempt: 2 });
    expect(await actionsOf(gateway, 'replayed')).toMatchObject([
      { purpose: 'ticket 21', delivery: Number(id) },
    ]);
  });
});

describe('authorisations', () => {
  test('one that begins later is not in force yet; a secret address needs its host named', async () => {
    const later = [
      '--from',
      '2099-01-01',
      '--until',
      '2099-12-31',
      '--category',
      'identity',
      '--category',
      'identity',
    ];
    const ran = await relais('authorisation', 'grant', 'essai-crm', ...granted, ...later);
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.out).toMatch(
      /^Authorisation \d+: Essai CRM may receive identity at localhost\.\nNote \d+ is written/,
    );
    const named = await relais('authorisation', 'grant', 'essai-secret', ...granted, '--target', 'LOCALHOST');
    expect(named).toMatchObject({ code: 0 });
    const { out } = await relais('authorisation', 'list', '--destination', 'essai-crm');
    expect(out).toMatch(/Contrat 1 .* live\n/);
    expect(out).toMatch(
      /identity +lettre du 2026-11-20 +01\/01\/2099 00:00:00 +31\/12\/2099 00:00:00 +not in force\n/,
    );
    expect((await actionsOf(gateway, 'authorised')).slice(-2)).toMatchObject([
      { purpose: 'lettre du 2026-11-20', client: 'essai' },
      { purpose: 'lettre du 2026-11-20', client: 'essai' },
    ]);
  });
});

describe('rights', () => {
  test('a withdrawal without a channel is one of all channels, once in the log', async () => {
    const ran = await relais('lead', 'withdraw', 'RE-2', ...of, ...why);
    expect(ran.out).toContain('Withdrawn: marketing by email, sms, phone, post.');
    const shown = await relais('lead', 'show', 'RE-2', ...of);
    for (const channel of ['email', 'sms', 'phone', 'post'])
      expect(shown.out).toContain(`marketing.${channel} : retiré`);
    expect(await actionsOf(gateway, 'withdrawn')).toMatchObject([
      { purpose: expect.stringMatching(/^request \d+$/) as string, client: 'essai' },
    ]);
  });

  test('after an erasure nothing of the person can be revealed, previewed or withdrawn', async () => {
    expect(await relais('lead', 'erase', 'RE-1', ...of, ...why, ...seen, '--yes')).toMatchObject({ code: 0 });
    expect(await actionsOf(gateway, 'erased')).toMatchObject([
      { purpose: expect.stringMatching(/^request \d+$/) as string, client: 'essai' },
    ]);
    const shown = await relais('lead', 'show', 'RE-1', ...of, '--reveal', ...why);
    expect(shown.out).toContain('Personne effacée le');
    expect(shown.out).not.toMatch(/Lefèvre|Zoé|courriel|639980123/);
    for (const argv of [
      ['lead', 'withdraw', 'RE-1', ...of, ...why],
      ['mapping', 'preview', 'essai-crm', '--lead', 'RE-1', ...why],
    ])
      expect(await relais(...argv)).toMatchObject({
        code: 1,
        out: '',
        err: expect.stringMatching(/^LEAD-004 Lead RE-1 has been erased\.\n→ /) as string,
      });
    const found = await relais('lead', 'find', '--email', 'zoe.lefevre@courriel.example', ...why);
    expect(found.out).not.toContain('RE-1');
  });
});
