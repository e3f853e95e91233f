// relais lead import of both formats, twice without adding twice; relais destination send-file; deliveries moved by key.
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sftpUser, startSftpRecipient, type SftpRecipient } from '../connectors/servers/sftp.ts';
import { openGateway, type Gateway } from '../trip/gateway.ts';
import { actionsOf, environmentOf, terminalOf, type Relais } from './terminal.ts';

let sftp: SftpRecipient;
let gateway: Gateway;
let relais: Relais;
const folder = mkdtempSync(join(tmpdir(), 'relais-cli-'));
const drop = join(folder, 'drop');
const why = ['--reason', 'ticket 15'];

beforeAll(async () => {
  mkdirSync(join(drop, 'in'), { recursive: true });
  sftp = await startSftpRecipient(drop);
  const secrets = { RELAIS_SECRET_SFTP: sftpUser.password };
  gateway = await openGateway({ files: files(), environment: secrets });
  relais = terminalOf(environmentOf(gateway, secrets));
  expect(await relais('mapping', 'publish', '--all', '--note', 'first')).toMatchObject({ code: 0 });
  await gateway.start('planner', 'worker');
});
afterAll(async () => {
  await gateway.close();
  await sftp.close();
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, ...lines: readonly string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}
const intake = async (): Promise<number> =>
  (await gateway.owner.all<{ n: number }>("SELECT COUNT(*) AS n FROM lead_intake WHERE status = 'new'"))[0]
    ?.n ?? 0;
const count = async (table: 'leads' | 'deliveries' | 'lead_revisions'): Promise<number> =>
  (await gateway.owner.all<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`))[0]?.n ?? 0;
const taken = (): Promise<void> =>
  gateway.until(
    'taken in and planned',
    async () =>
      (await intake()) === 0 &&
      (await relais('status')).out.includes('intake   0 waiting; 0 refused; 0 changes'),
  );
const json = (reference: string, over: object = {}): string =>
  JSON.stringify({
    ...{ kind: 'lead', reference, channel: 'web_form', collected_at: '2026-01-05T11:00:00+01:00' },
    ...{ last_name: 'Martin', email: 'a.martin@courriel.example', mobile: '+33639980111', ...over },
  });
const optIn = (reference: string): string =>
  json(reference, {
    consents: [
      { purpose: 'marketing', channel: 'email', state: 'granted', recordedAt: '2026-01-05T10:00:00Z' },
    ],
  });

describe('lead import', () => {
  test('takes a file with rejects, ends with 1, says how many by code and shows no value', async () => {
    const path = file(
      'leads.jsonl',
      optIn('JL-1'),
      json('JL-2'),
      json('JL-3', { email: 'nobody-at-all' }),
      json('JL-4', { channel: 'pigeon' }),
    );
    const rejects = join(folder, 'rejects.jsonl');
    const ran = await relais('lead', 'import', path, '--client', 'essai', '--rejects', rejects);
    expect(ran.code).toBe(1);
    expect(ran.out).toMatch(/^jsonl, utf-8 \([^)]+\): 2 inserted, 2 rejected of 4\n/);
    expect(ran.out).toContain(rejects);
    expect(ran.out.match(/^ {2}[A-Z_]+: \d+$/gm)?.length).toBeGreaterThan(0);
    for (const value of ['Martin', 'nobody-at-all', 'pigeon', '639980111'])
      expect(ran.out + ran.err).not.toContain(value);
    expect(readFileSync(rejects, 'utf8')).toContain('nobody-at-all');
    expect(statSync(rejects).mode & 0o777).toBe(0o600);
    await taken();
    expect(await count('leads')).toBe(2);
  });

  test.each(['leads.csv', 'leads.jsonl'])('of the same %s twice adds nothing twice', async (name) => {
    const csv = (reference: string): string =>
      `essai,lead,${reference},web_form,2026-01-05T11:00:00+01:00,Roux,c.roux@courriel.example`;
    const path =
      name === 'leads.csv'
        ? file(
            'twice.csv',
            'client_id,kind,reference,channel,collected_at,last_name,email',
            csv('TW-1'),
            csv('TW-2'),
          )
        : file('twice.jsonl', json('TJ-1', { client_id: 'essai' }), json('TJ-2', { client_id: 'essai' }));
    const first = await relais('lead', 'import', path);
    expect(first).toMatchObject({
      code: 0,
      out: expect.stringContaining('2 inserted, 0 rejected of 2') as string,
    });
    await taken();
    const once = [await count('leads'), await count('lead_revisions'), await count('deliveries')];
    expect(await relais('lead', 'import', path)).toMatchObject({ code: 0 });
    await taken();
    expect([await count('leads'), await count('lead_revisions'), await count('deliveries')]).toEqual(once);
    expect((await relais('lead', 'refusals')).out).not.toMatch(/T[WJ]-\d/);
  });

  test('refuses rows of another client, and a file that is none', async () => {
    const foreign = await relais(
      'lead',
      'import',
      file('foreign.jsonl', json('FO-1', { client_id: 'autre' })),
      '--client',
      'essai',
    );
    expect(foreign).toMatchObject({ code: 1 });
    expect(foreign.out).toContain('0 inserted, 1 rejected of 1');
    const broken = await relais('lead', 'import', file('broken.jsonl', optIn('BR-1'), '{"kind": "lead"'));
    expect(broken).toMatchObject({ code: 1, out: '' });
    expect(broken.err).toMatch(/^IMPORT-001 /);
    expect(await intake()).toBe(0);
    const directory = await relais('lead', 'import', folder);
    expect(directory).toMatchObject({ code: 1, out: '' });
    expect(directory.err).toMatch(/^(IMPORT|FIND)-001 /);
  });
});

describe('a file flow', () => {
  const rows = async (reference: string) => (await gateway.states(`l.reference = '${reference}'`))[0];

  test('waits for its hour; send-file makes the file now, recorded with who and why', async () => {
    const waiting = await relais('delivery', 'list', '--destination', 'essai-csv', '--lead', 'JL-1');
    expect(waiting.out).toMatch(/essai-csv +create +JL-1 +(planned|waiting +waits for the next file)/);
    expect(readdirSync(join(drop, 'in'))).toEqual([]);
    const ran = await relais('destination', 'send-file', 'essai-csv', ...why);
    expect(ran).toMatchObject({
      code: 0,
      err: '',
      out: 'The file leaves within a second, if anything waits for it.\n',
    });
    await gateway.until('delivered', async () => (await rows('JL-1'))?.state === 'delivered');
    expect(readdirSync(join(drop, 'in'))).toEqual([expect.stringMatching(/_000001\.csv$/)]);
    expect(await actionsOf(gateway, 'file_requested')).toMatchObject([
      { purpose: 'ticket 15', client: 'essai' },
    ]);
    const story = await relais('delivery', 'show', String((await rows('JL-1'))?.id));
    expect(story.out).toMatch(/fichier : LEADS_\d{8}_000001\.csv/);
    expect(story.out).not.toMatch(/Martin|639980111/);
  });

  test('can be reached without a lead; without its password the test says which secret is missing', async () => {
    const reached = await relais('destination', 'test', 'essai-csv');
    expect(reached.out).toMatch(
      /^essai-csv can be reached.*The credentials were tried and are taken\. No lead was sent\.\n$/,
    );
    const bare = await terminalOf(environmentOf(gateway))('destination', 'test', 'essai-csv');
    expect(bare).toMatchObject({ code: 78, out: '' });
    expect(bare.err).toMatch(/^CONFIG-001 Secrets not provided: SFTP /);
    const wrong = terminalOf(environmentOf(gateway, { RELAIS_SECRET_SFTP: 'not-the-password' }));
    const refused = await wrong('destination', 'test', 'essai-csv');
    expect(refused).toMatchObject({ code: 1, out: '' });
    expect(refused.err).toMatch(/^DEST-001 essai-csv cannot be reached: unauthorized/);
    expect(refused.err).not.toContain('not-the-password');
    expect(readdirSync(join(drop, 'in'))).toHaveLength(1);
  });

  test('publishing says which secrets are still missing, and publishes', async () => {
    const ran = await terminalOf(environmentOf(gateway))(
      'mapping',
      'publish',
      'essai-csv',
      '--note',
      'again',
    );
    expect(ran).toMatchObject({ code: 0, out: expect.stringContaining('nothing changed') as string });
    expect(ran.err).toContain('Secrets not provided yet: SFTP');
  });

  test('a lead that waits for its file can be cancelled, not replayed; one unknown name stops all', async () => {
    await relais('lead', 'import', file('later.jsonl', optIn('LA-1'), optIn('LA-2')), '--client', 'essai');
    await gateway.until('waits for its file', async () => (await rows('LA-2'))?.state === 'waiting');
    const ids = [String((await rows('LA-1'))?.id), String((await rows('LA-2'))?.id)];
    const [key] = await gateway.owner.all<{ delivery_key: string }>(
      'SELECT delivery_key FROM deliveries WHERE id = ?',
      [Number(ids[0])],
    );
    const replayed = await relais('replay', ...ids, ...why, '--yes');
    expect(replayed).toMatchObject({ code: 1, err: expect.stringMatching(/^REPLAY-001 /) as string });
    expect(replayed.out).toContain('     2  refused: it leaves with the next file');
    const stopped = await relais('cancel', ...ids, '999999', ...why);
    expect(stopped).toMatchObject({ code: 1, out: '', err: expect.stringMatching(/^FIND-001 /) as string });
    expect((await rows('LA-1'))?.state).toBe('waiting');

    const ran = await relais('cancel', key?.delivery_key ?? '', ids[0] ?? '', ids[1] ?? '', ...why);
    expect(ran).toMatchObject({ code: 0, out: '2 of 2 cancelled.\n', err: '' });
    expect(await actionsOf(gateway, 'cancelled')).toMatchObject(
      ids.map((id) => ({ delivery: Number(id), purpose: 'ticket 15' })),
    );
    expect((await relais('delivery', 'show', ids[1] ?? '')).out).toContain('Annulée par Sophie');
  });
});

function files(): Readonly<Record<string, string>> {
  return {
    'essai/client.yaml': `id: essai
name: Essai Promotion
legalEntity: ESSAI PROMOTION SAS
hosts: [localhost]
folders: ['sftp:essai/in']
categories: [identity, project]
contacts: { rights: dpo@essai.example }
authorisations:
  - { recipient: Essai SI, destination: essai-csv, targets: ['sftp:essai/in'], categories: [identity, project], document: Contrat 1, from: 2026-01-01 }
`,
    'essai/csv.yaml': `destination: essai-csv
connector: flow
file:
  name: 'LEADS_{date:yyyyMMdd}_{seq:6}.csv'
  to: sftp:essai/in
  server: { host: localhost, port: ${sftp.port}, user: ${sftpUser.user}, password: secret:SFTP, hostKey: '${sftp.hostKey}' }
  schedule: { cron: '0 0 1 1 *' }
timeouts: { connect: 5s, response: 10s, total: 12s }
retry: [1s, 1s]
csv: { delimiter: ';', quote: all, encoding: utf-8, eol: crlf, header: true, formulaGuard: false }
consent:
  - { to: OPTIN, channel: email, values: { granted: O, refused: N, not_asked: '', withdrawn: R } }
fields: [{ consent: rest }, { to: REF, from: id }, { to: NOM, from: identity.lastName, required: true }]
`,
  };
}
