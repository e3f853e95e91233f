// relais opposition ...: a person is put on a client's list by address, and whoever asks is in the log.
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { actionsOf, environmentOf, terminalOf, type Relais } from './terminal.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let relais: Relais;

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ success: true, id: 'CRM-1' }));
  gateway = await openGateway({ files: webhookFiles(crm.port) });
  relais = terminalOf(environmentOf(gateway));
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
});

const given = (reference: string): readonly string[] =>
  crm.received
    .map((request) => JSON.parse(request.body.toString() || '{}') as { ref?: string; OPTIN?: string })
    .filter(({ ref }) => ref === reference)
    .map(({ OPTIN }) => OPTIN ?? '');

/** Entries of staff alone: the workers go on writing theirs. */
const ofStaff = () =>
  gateway.owner.all(
    "SELECT id, entry FROM handovers WHERE actor = 'Sophie' OR actor LIKE 'staff:%' ORDER BY id",
  );

test('C21: who objects is told to the recipients of their leads at once, and their later leads leave as taken back', async () => {
  await gateway.send(
    strangerRow('P-1', { email: 'nina@courriel.example' }),
    strangerRow('P-2', { email: 'other@courriel.example', mobile: null, landline: '+33199000101' }),
    strangerRow('P-3'),
  );
  for (const reference of ['P-1', 'P-2', 'P-3'])
    await gateway.until('delivered', () => given(reference).join() === 'OUI');
  const { out } = await relais(
    ...['opposition', 'add', '--client', 'essai', '--email', 'Nina@courriel.example'],
    ...['--phone', '01 99 00 01 01', '--channel', 'email', '--reason', 'request 80'],
  );
  expect(out).toContain('On the list of essai: marketing by email.');
  expect(out).toContain('On the list of essai: newsletter by email.');
  expect(out).toContain('P-1: withdrawn');
  for (const reference of ['P-1', 'P-2'])
    await gateway.until('told', () => given(reference).join() === 'OUI,RETRAIT');
  await gateway.send(strangerRow('P-4', { email: 'nina@courriel.example' }));
  await gateway.until('told', () => given('P-4').join() === 'RETRAIT');
  expect(given('P-3')).toEqual(['OUI']);
  // Four purposes of one channel, for two addresses.
  expect(await actionsOf(gateway, 'opposition_kept')).toHaveLength(8);
  expect(await actionsOf(gateway, 'opposition_kept')).toContainEqual(
    expect.objectContaining({ purpose: expect.stringMatching(/^request \d+$/) as string }),
  );
});

test('C16: an objection beats the grant that came before it, although that one is stamped four minutes ahead', async () => {
  const ahead = new Date(Date.now() + 240_000).toISOString();
  await gateway.send(
    strangerRow('P-5', {
      email: 'lea@courriel.example',
      consents: JSON.stringify([
        { purpose: 'marketing', channel: 'email', state: 'granted', recordedAt: ahead },
      ]),
    }),
  );
  await gateway.until('delivered', () => given('P-5').join() === 'OUI');
  await relais(
    ...['opposition', 'add', '--client', 'essai', '--email', 'lea@courriel.example'],
    ...['--channel', 'email', '--reason', 'request 82'],
  );
  await gateway.until('told', () => given('P-5').join() === 'OUI,RETRAIT');
});

test('whether somebody is on the list is answered with a reason, and the question is in the log', async () => {
  const ask = (email: string) =>
    relais('opposition', 'check', '--client', 'essai', '--email', email, '--reason', 'ticket 12');
  const listed = await ask('nina@courriel.example');
  expect(listed.out).toMatch(/marketing\.email/);
  const stranger = await ask('stranger@courriel.example');
  expect([stranger.code, stranger.err]).toEqual([1, expect.stringContaining('Not on the list')]);
  const asked = (await actionsOf(gateway, 'looked_up')).filter(({ purpose }) => purpose === 'ticket 12');
  expect(asked).toHaveLength(2);
});

test.each([
  ['in brackets, as a mail shows it', '<nina@courriel.example>'],
  ['with a name', 'Nina <nina@courriel.example>'],
  ['with a sign that nobody sees', 'nina@courriel.example\u200b'],
  ['with a comma', 'nina@courriel.example,'],
  ['as a link', 'mailto:nina@courriel.example'],
  ['in round brackets', '(nina@courriel.example)'],
])('an address %s is refused: on the list it would hold for nobody', async (_how, email) => {
  const before = await ofStaff();
  const { code, err } = await relais(
    ...['opposition', 'add', '--client', 'essai', '--email', email, '--reason', 'request 83'],
  );
  expect([code, err]).toEqual([64, expect.stringContaining('--email is a whole mail address')]);
  expect(await ofStaff()).toEqual(before);
});

test('without an address, a reason or a client that exists nothing is written', async () => {
  const before = await ofStaff();
  const refused = [
    await relais('opposition', 'add', '--client', 'essai', '--reason', 'request 81'),
    await relais('opposition', 'add', '--client', 'essai', '--email', 'nina@courriel.example'),
    await relais(
      'opposition',
      'add',
      '--client',
      'nobody',
      '--email',
      'n@c.example',
      '--reason',
      'request 81',
    ),
  ];
  expect(refused.map(({ err }) => /Give --email or --phone|Say why|No client is called/.test(err))).toEqual([
    true,
    true,
    true,
  ]);
  expect(await ofStaff()).toEqual(before);
});
