// relais mapping send --sandbox: the real connector to a sandbox, and never production, whatever the file says.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { actionsOf, environmentOf, terminalOf, type Relais } from './terminal.ts';

interface Place {
  readonly port: number;
  readonly got: {
    readonly method: string;
    readonly path: string;
    readonly token: string;
    readonly body: string;
  }[];
  answer: string;
  readonly close: () => Promise<unknown>;
}

async function listen(): Promise<Place> {
  const got: Place['got'] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      got.push({ method, path, token: headers.authorization ?? '', body });
      response.setHeader('content-type', 'application/json').end(place.answer);
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const place: Place = {
    ...{ port: (server.address() as AddressInfo).port, got, answer: '{"success":true,"id":"T-1"}' },
    close: async () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
  return place;
}

let [gateway, relais, production, sandbox]: [Gateway, Relais, Place, Place] = [] as never;
let main = '';
let before: readonly unknown[] = [];
const traces = async () => [
  await gateway.owner.all('SELECT id, state FROM deliveries'),
  await gateway.owner.all(
    "SELECT id FROM handovers WHERE entry IN ('departed', 'outcome') OR delivery_id <> 0",
  ),
];
const repository = join(import.meta.dirname, '..', '..', 'mappings');
const send = (destination: string, ...more: readonly string[]) =>
  relais('mapping', 'send', destination, '--sandbox', ...more);
const fileWith = (...lines: readonly string[]): void =>
  gateway.file('essai/crm.yaml', `${main}${lines.join('\n')}\n`);
const toSandbox = (more = ''): string =>
  `sandbox: { send: { url: 'http://localhost:${sandbox.port}/leads'${more} } }`;

beforeAll(async () => {
  [production, sandbox] = await Promise.all([listen(), listen()]);
  const files = webhookFiles(production.port);
  main = files['essai/crm.yaml'] ?? '';
  gateway = await openGateway({ files });
  relais = terminalOf(
    environmentOf(gateway, {
      RELAIS_SECRET_REAL: `http://LOCALHOST:${production.port}/leads/?x=1`,
      RELAIS_SECRET_TRIAL_TOKEN: 'trial-token-4711',
    }),
  );
  await relais('mapping', 'publish', 'essai-crm', '--note', 'first version');
  await gateway.send(leadRow('SB-1'), leadRow('SB-2', { consents: null }));
  while ((await gateway.app.intake.acceptBatch(10)).taken > 0);
  before = await traces();
});
afterEach(() => {
  expect(production.got).toEqual([]);
  sandbox.got.length = 0;
});
afterAll(async () => {
  // No trial left a trace of a delivery or a hand-over.
  const after = await traces();
  await gateway.close();
  await Promise.all([production.close(), sandbox.close()]);
  expect(after).toEqual(before);
});

describe('without a sandbox in the file', () => {
  beforeEach(() => fileWith());

  test('a recipient on this machine stands in for the address of production', async () => {
    const { out, err, code } = await send('essai-crm');
    expect(code).toBe(0);
    expect(out).toContain('stands in for the client');
    expect(out).toContain('POST /leads HTTP/1.1');
    expect(out).toContain('"nom":"Durand-Exemple"');
    expect(out).toContain('means: accepted, reference SANDBOX-1');
    expect(out).toContain('The recipient received it.');
    expect(err).toContain("made from the file's own rule");
  });

  test('it gives the answer the file records, and what the rules do not accept ends with 1', async () => {
    const test = (answer: string): string => `tests: [{ response: ${answer}, outcome: accepted }]`;
    fileWith(test('{ status: 201, body: { success: true, id: E-9 } }'));
    expect((await send('essai-crm')).out).toMatch(/status 201\n.*E-9.*\n {2}means: accepted, reference E-9/);
    gateway.file('essai/crm.yaml', main.replace('json: { success: true }', 'header: { x-taken: sure }'));
    const ran = await send('essai-crm');
    expect(ran).toMatchObject({
      code: 1,
      out: expect.stringContaining('means: unknown: UNMATCHED_200') as string,
    });
  });

  test('an invented lead needs no configuration at all', async () => {
    const bare = terminalOf({ RELAIS_ENV: 'production', RELAIS_MAPPINGS_DIR: repository });
    const { out, code } = await bare('mapping', 'send', 'horizon-crm', '--sandbox', '--json');
    expect(code).toBe(0);
    const found = JSON.parse(out) as { sent: { head: string[]; outcome: unknown }[] };
    expect(found).toMatchObject({
      ...{ destination: 'horizon-crm', to: 'local recipient', stored: false, received: 1 },
      sent: [{ kind: 'sent', answer: { status: 201 }, outcome: { kind: 'accepted', reference: 'H-77' } }],
    });
    expect(found.sent[0]?.head).toContain('authorization: Bearer «secret:HORIZON_TOKEN»');
  });

  test.each([
    ['littoral-mail', 'status 250', 'means: unconfirmed'],
    ['alpes-csv', 'control file: LEADS_', 'means: accepted'],
  ])('%s goes to a mailbox or folder of this machine', async (destination, ...wanted) => {
    const { out, code } = await send(destination, '--dir', repository);
    expect(code).toBe(0);
    for (const one of wanted) expect(out).toContain(one);
  });

  test('several calls follow each other, and an answer feeds the next', async () => {
    const url = `http://localhost:${production.port}`;
    gateway.file(
      'essai/crm.yaml',
      `${main.replace(/^fields:[^]*?^response:/m, 'response:').replace(/^update:[^]*/m, '')}calls:
  - { name: person, send: { url: '${url}/persons' }, fields: [{ to: nom, from: identity.lastName }], capture: { id: $.id } }
  - { name: deal, send: { url: '${url}/persons/{person.id}/deals' }, fields: [{ to: person, from: calls.person.id }] }
tests:
  - { response: { status: 201, body: { success: true, id: 42 } }, call: person, outcome: accepted }
`,
    );
    const { out, code } = await send('essai-crm');
    expect(code).toBe(0);
    expect(out).toContain('POST /persons/42/deals HTTP/1.1');
    expect(out).toContain('{"person":42}');
    expect(out).toContain('The recipient received 2.');
  });

  test('a stored lead needs a reason and is logged as a look-up', async () => {
    expect(await send('essai-crm', '--lead', 'SB-1')).toMatchObject({ code: 64, out: '' });
    const { out, code } = await send('essai-crm', '--lead', 'SB-1', '--reason', 'ticket 21');
    expect(code).toBe(0);
    expect(out).toContain('"ref":"SB-1"');
    expect(await actionsOf(gateway, 'looked_up', 'revealed')).toMatchObject([
      { entry: 'looked_up', purpose: 'ticket 21', client: 'essai' },
      { entry: 'revealed', purpose: 'ticket 21', client: 'essai' },
    ]);
  });

  test('a lead without a recorded opt-in is not even sent there', async () => {
    const ran = await send('essai-crm', '--lead', 'SB-2', '--reason', 'ticket 21');
    expect(ran).toMatchObject({
      code: 1,
      out: expect.stringContaining('Would not leave: opt_in_missing') as string,
    });
    expect(ran.out).not.toContain('received');
  });
});

describe("to the client's own sandbox", () => {
  test("the lead goes there with the sandbox's secrets, and the answer is read by the file's rules", async () => {
    fileWith(toSandbox(', auth: { bearer: secret:TRIAL_TOKEN }'));
    const { out, code } = await send('essai-crm');
    expect(code).toBe(0);
    expect(out).toContain("to the client's own sandbox");
    expect(out).toContain('means: accepted, reference T-1');
    expect(out).not.toContain('trial-token-4711');
    expect(sandbox.got).toMatchObject([{ method: 'POST', path: '/leads', token: 'Bearer trial-token-4711' }]);
    expect((await send('essai-crm', '--local')).out).toContain('on this machine');
    expect(sandbox.got).toHaveLength(1);
  });

  test('a stored lead goes there where an authorisation names it, and what is answered stays unseen', async () => {
    fileWith(toSandbox());
    sandbox.answer = '{"success":true,"id":"T-2","you_sent":"Lefèvre"}';
    const stored = ['--lead', 'SB-1', '--reason', 'ticket 22'];
    const { out, code } = await send('essai-crm', ...stored);
    expect(code).toBe(0);
    expect(out).not.toContain('you_sent');
    expect(sandbox.got).toHaveLength(1);
    await gateway.owner.run('UPDATE authorisations SET revoked_at = UTC_TIMESTAMP(3)');
    expect(await send('essai-crm', ...stored)).toMatchObject({
      ...{ code: 1, out: '', err: expect.stringMatching(/^SANDBOX-002 /m) as string },
    });
    expect(sandbox.got).toHaveLength(1);
    await gateway.owner.run('UPDATE authorisations SET revoked_at = NULL');
  });

  test("check refuses production's address, a secret that hides it is refused before anything is sent", async () => {
    fileWith(`sandbox: { send: { url: 'http://localhost:${production.port}/leads/?trial=1' } }`);
    expect(await send('essai-crm')).toMatchObject({
      ...{ code: 1, out: '', err: expect.stringContaining('MAP-412') as string },
    });
    fileWith('sandbox: { send: { url: secret:REAL } }');
    expect((await relais('mapping', 'check', 'essai-crm')).code).toBe(0);
    expect(await send('essai-crm')).toMatchObject({
      ...{ code: 1, out: '', err: expect.stringMatching(/^SANDBOX-001 /m) as string },
    });
  });

  test('the address of the version in force is production, too, whatever the file says meanwhile', async () => {
    gateway.file(
      'essai/crm.yaml',
      `${main.replaceAll(`:${production.port}/`, ':9/')}sandbox: { send: { url: 'http://localhost:${production.port}/leads' } }\n`,
    );
    expect(await send('essai-crm')).toMatchObject({
      ...{ code: 1, out: '', err: expect.stringContaining('in the version in force') as string },
    });
  });
});

test('by hand nothing is sent to production', async () => {
  fileWith();
  const ran = await relais('mapping', 'send', 'essai-crm');
  expect(ran).toMatchObject({ code: 64, out: '', err: expect.stringContaining('add --sandbox') as string });
});
