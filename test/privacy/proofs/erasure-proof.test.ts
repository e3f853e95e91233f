// C23: an erasure is followed by a signed proof of what the tables held before and after, and where the log stood.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { measuredTables } from '../../../src/store/people/person-tables.ts';
import { forgetProofs, proofsOfLead } from '../../../src/store/people/proofs.ts';
import type { SignedProof } from '../../../src/privacy/proofs/proof.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../../trip/gateway.ts';
import { environmentOf, terminalOf, type Relais } from '../../cli/terminal.ts';

let gateway: Gateway;
let relais: Relais;
let folder: string;
/** A terminal that knows neither a database nor a key. */
const stranger = terminalOf({});
const person = {
  last_name: 'Effaçable-Témoin',
  email: 'efface.temoin@courriel.example',
  mobile: '+33639984471',
  comment: 'Phrase-témoin 4471',
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relais-proof-'));
  gateway = await openGateway({ files: webhookFiles(9) });
  relais = terminalOf(environmentOf(gateway));
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner');
});
afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true });
});

async function erased(reference: string): Promise<{ readonly proof: SignedProof; readonly file: string }> {
  await gateway.send(strangerRow(reference, person));
  await gateway.until(
    'taken in',
    async () => (await gateway.states(`l.reference = '${reference}'`)).length > 0,
  );
  const { err } = await relais(
    ...[
      'lead',
      'erase',
      reference,
      '--client',
      'essai',
      '--reason',
      'request 77',
      '--identity',
      'seen',
      '--yes',
    ],
  );
  const number = /Proof (\d+)/.exec(err)?.[1] ?? '';
  const file = join(folder, `preuve-${number}.json`);
  await relais('proof', 'show', number, '--to', file);
  return { file, proof: JSON.parse(readFileSync(file, 'utf8')) as SignedProof };
}

test('C23: the proof of an erasure says what stood in the tables before and after, and verifies offline', async () => {
  const { proof, file } = await erased('E-1');
  expect(proof).toMatchObject({ act: 'erasure', client: { id: 'essai' }, leads: ['E-1'] });
  const prospects = proof.tables.find(({ table }) => table === 'prospects');
  expect(prospects).toMatchObject({ rowsBefore: 1, rowsAfter: 0 });
  for (const column of ['last_name', 'email', 'mobile'])
    expect(prospects?.columns).toContainEqual({ column, before: 1, after: 0, changed: 1 });
  expect(proof.tables.find(({ table }) => table === 'consents')).toMatchObject({ rowsAfter: 0 });
  const secrets = proof.tables.find(({ table }) => table === 'lead_secrets');
  expect(secrets?.columns).toEqual([{ column: 'wrapped', before: 1, after: 1, changed: 1 }]);
  const key = join(folder, 'public.pem');
  writeFileSync(key, (await relais('proof', 'key')).out);
  const verified = await stranger('proof', 'verify', file, '--key', key);
  expect([verified.code, verified.out]).toEqual([0, expect.stringContaining('The proof verifies')]);
  expect(statSync(file).mode & 0o077).toBe(0);
  expect(readFileSync(file.replace('.json', '.html'), 'utf8')).toContain('Preuve d’effacement');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"rowsAfter": 0', '"rowsAfter": 1'));
  const refused = await stranger('proof', 'verify', file, '--key', key);
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('PROOF-001')]);
});

test('C23: it counts the refused rows that an erasure deletes with the leads, also those that nobody ticked', async () => {
  const email = 'rangs@courriel.example';
  const known = { ...person, email, mobile: '+33639984472' };
  await gateway.send(strangerRow('R-1', known));
  await gateway.until('taken in', async () => (await gateway.states("l.reference = 'R-1'")).length > 0);
  const broken = { channel: 'pigeon' };
  await gateway.send(
    strangerRow('R-3', { ...known, ...broken }),
    strangerRow('R-4', { ...known, ...broken, last_name: '', first_name: '' }),
    strangerRow('R-5', { ...known, ...broken, last_name: 'Autrement' }),
  );
  const refused = (): Promise<readonly { readonly reference: string }[]> =>
    gateway.owner.all(
      "SELECT reference FROM lead_intake WHERE status = 'refused' AND reference LIKE 'R-%' ORDER BY id",
    );
  await gateway.until('refused', async () => (await refused()).length === 3);
  const { requests } = gateway.app;
  const { id } = await requests.open({ clientId: 'essai', actor: 'Sophie', kind: 'erasure', email });
  const { proofs } = await requests.apply(id, {
    selection: { leads: ['R-1'], rows: [] },
    identity: 'seen',
    actor: 'Sophie',
  });
  expect(await refused()).toEqual([{ reference: 'R-5' }]);
  const file = join(folder, 'preuve-rangs.json');
  await relais('proof', 'show', String(proofs[0]), '--to', file);
  const proof = JSON.parse(readFileSync(file, 'utf8')) as SignedProof;
  expect(proof.tables.find(({ table }) => table === 'lead_intake')).toMatchObject({
    rowsBefore: 2,
    rowsAfter: 0,
  });
});

test('C23: it cites the entries of the act, stands in the log by its digest, and holds nothing of the person', async () => {
  const { proof, file } = await erased('E-2');
  const cited = proof.log.entries.find(({ entry }) => entry === 'erased')?.ids ?? [];
  const [entry] = await gateway.owner.all<{ entry: string; purpose: string }>(
    'SELECT entry, purpose FROM handovers WHERE id = ?',
    [cited[0] ?? 0],
  );
  expect(entry).toEqual({ entry: 'erased', purpose: `request ${proof.request ?? ''}` });
  expect(cited[0]).toBeGreaterThan(proof.log.before.entry);
  const [made] = await gateway.owner.all<{ reason: string; bytes: number }>(
    "SELECT reason, bytes FROM handovers WHERE entry = 'proof_made' ORDER BY id DESC LIMIT 1",
  );
  expect(made).toEqual({ reason: `proof:${proof.number}`, bytes: statSync(file).size });
  const text = readFileSync(file, 'utf8') + readFileSync(file.replace('.json', '.html'), 'utf8');
  for (const value of Object.values(person)) expect(text).not.toContain(value);
});

test('C23: an erasure that stops half-way leaves neither erasure nor proof', async () => {
  await gateway.send(strangerRow('E-3', person));
  await gateway.until('taken in', async () => (await gateway.states("l.reference = 'E-3'")).length > 0);
  const count = async (): Promise<number> =>
    (await gateway.owner.all<{ n: number }>('SELECT COUNT(*) AS n FROM proofs'))[0]?.n ?? 0;
  const before = await count();
  await gateway.owner.text(
    "CREATE TRIGGER proof_breaks BEFORE INSERT ON proof_documents FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'",
  );
  const { code } = await relais(
    ...['lead', 'erase', 'E-3', '--client', 'essai', '--reason', 'request 78', '--identity', 'seen', '--yes'],
  );
  await gateway.owner.text('DROP TRIGGER proof_breaks');
  expect(code).toBe(1);
  expect(await count()).toBe(before);
  const [lead] = await gateway.owner.all<{ erased: Date | null; mail: string | null }>(
    "SELECT l.erased_at AS erased, p.email AS mail FROM leads l JOIN prospects p ON p.lead_id = l.id WHERE l.reference = 'E-3'",
  );
  expect(lead).toEqual({ erased: null, mail: person.email });
});

test('a document goes when nothing may lead back to its lead; its number stays', async () => {
  const { proof } = await erased('E-4');
  const [lead] = await gateway.owner.all<{ id: number }>("SELECT id FROM leads WHERE reference = 'E-4'");
  const id = lead?.id ?? 0;
  expect((await proofsOfLead(gateway.app.database, id)).map(({ number }) => number)).toEqual([proof.number]);
  await gateway.app.database.transaction((tx) => forgetProofs(tx, [id]));
  expect(await proofsOfLead(gateway.app.database, id)).toEqual([]);
  const { code, err } = await relais('proof', 'show', String(proof.number));
  expect([code, err]).toEqual([1, expect.stringContaining('went with the leads')]);
  expect((await relais('proof', 'list', '--client', 'essai')).out).toContain(`${proof.number}`);
});

test('every table that has a lead’s id is measured, or is known to say nothing of the person', async () => {
  const saysNothing = [
    ...['handovers', 'lead_changes', 'routing_refusals', 'proof_leads', 'read_backs', 'retention_items'],
    // Codes and names of fields; an example's number, which goes with the lead.
    ...['request_recipients', 'request_effects', 'client_anomalies'],
    // Keys, states and times of what is sent; names of calls.
    ...['delivery_keys', 'delivery_calls'],
    // Numbers, for the second until the ledger has their line.
    'erasures_unwritten',
  ];
  const rows = await gateway.owner.all<{ name: string }>(
    "SELECT TABLE_NAME AS name FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ? AND COLUMN_NAME = 'lead_id'",
    [gateway.owner.name],
  );
  const measured = new Set<string>(measuredTables.map(({ table }) => table));
  const forgotten = rows
    .map(({ name }) => name)
    .filter((name) => !measured.has(name) && !saysNothing.includes(name));
  expect(forgotten).toEqual([]);
});
