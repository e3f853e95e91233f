// What may not be done with a request, and what of it is whole or not at all: each guard was planted with its fault once.
import type { NewRequestOrder } from '../../src/privacy/requests/open.ts';
import { watchRequests } from '../../src/privacy/requests/watch.ts';
import type { IntakeValues } from '../../src/store/intake/intake.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  const files = webhookFiles(9);
  gateway = await openGateway({
    files: {
      ...files,
      'essai/client.yaml': (files['essai/client.yaml'] ?? '').replace(
        'hosts: [localhost]',
        'hosts: [localhost]\nmailboxes: [leads@essai.example, dpo@essai.example]',
      ),
    },
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterAll(() => gateway.close());

const by = { actor: 'Sophie' };
const all = { selection: { leads: 'all', rows: 'all' }, identity: 'seen', ...by } as const;
const refused = (code: string) => expect.objectContaining({ code }) as object;
const open = async (order: Pick<NewRequestOrder, 'kind'> & Partial<NewRequestOrder>): Promise<number> =>
  (await gateway.app.requests.open({ clientId: 'essai', ...by, ...order })).id;
async function take(...rows: readonly IntakeValues[]): Promise<void> {
  await gateway.send(...rows);
  await gateway.until('taken in', async () => {
    await gateway.app.intake.acceptBatch(100);
    return (await gateway.owner.all("SELECT 1 FROM lead_intake WHERE status = 'new' LIMIT 1")).length === 0;
  });
}

test('C25: a closed request takes nothing any more', async () => {
  await take(strangerRow('G-1'));
  const { requests } = gateway.app;
  const id = await open({ kind: 'erasure', references: ['G-1'] });
  await requests.apply(id, all);
  await requests.declareInformed(id, { ...by, evidence: 'letter of 2026-12-12' });
  await requests.close(id, { ...by, outcome: 'done', reason: '' });
  const before = await requests.show(id);
  const acts = [
    requests.apply(id, all),
    requests.extend(id, { ...by, reason: 'complex' }),
    requests.acknowledge(id, { ...by, destinationId: 'essai-crm', evidence: 'mail', isExplained: false }),
    requests.declareInformed(id, { ...by, evidence: 'letter' }),
    requests.addDemand(id, { ...by, demand: { name: 'late', bytes: Buffer.from('late') } }),
  ];
  for (const act of await Promise.allSettled(acts))
    expect(act).toEqual({ status: 'rejected', reason: refused('REQUEST-001') });
  await expect(requests.close(id, { ...by, outcome: 'done', reason: '' })).rejects.toEqual(
    refused('REQUEST-004'),
  );
  expect(await requests.show(id)).toEqual(before);
});

test('C21: a request was received within the last year, and not in the future', async () => {
  const now = gateway.app.database.now().getTime();
  const at = (days: number) =>
    open({ kind: 'access', email: 'x@courriel.example', receivedAt: new Date(now + days * 86_400_000) });
  await expect(at(1)).rejects.toEqual(refused('REQUEST-002'));
  await expect(at(-370)).rejects.toEqual(refused('REQUEST-002'));
  expect(await at(-300)).toBeGreaterThan(0);
});

test('C21: a demand that was altered is not given out', async () => {
  const id = await open({
    kind: 'access',
    email: 'x@courriel.example',
    demand: { name: 'demande.eml', bytes: Buffer.from('DEMANDE') },
  });
  await gateway.owner.run(
    `UPDATE request_document_parts p JOIN request_documents d ON d.id = p.document_id
        SET p.content = CONCAT(p.content, 'x') WHERE d.request_id = ?`,
    [id],
  );
  await expect(gateway.app.requests.copy(id, { ...by, reason: 'ticket 12' })).rejects.toEqual(
    refused('REQUEST-005'),
  );
});

test('C25: what was refused says why; told before it was done is not told that it was done', async () => {
  await take(strangerRow('CL-1'));
  const { requests } = gateway.app;
  const id = await open({ kind: 'erasure', references: ['CL-1'] });
  await requests.declareInformed(id, { ...by, evidence: 'letter of 2026-12-01' });
  await expect(requests.close(id, { ...by, outcome: 'refused', reason: '' })).rejects.toEqual(
    refused('REQUEST-002'),
  );
  await expect(requests.close(id, { ...by, outcome: 'done', reason: '' })).rejects.toEqual(
    refused('REQUEST-004'),
  );
  await requests.apply(id, all);
  await expect(requests.close(id, { ...by, outcome: 'done', reason: '' })).rejects.toEqual(
    refused('REQUEST-004'),
  );
  // The client is asked for the declaration that is still missing.
  await gateway.owner.run(
    'UPDATE requests SET received_at = TIMESTAMPADD(DAY, -40, received_at) WHERE id = ?',
    [id],
  );
  await watchRequests({ database: gateway.app.database, onBroken: () => undefined });
  expect(
    await gateway.owner.all('SELECT addressee FROM client_mails WHERE mail_key LIKE ? ORDER BY addressee', [
      `request-${id}-overdue%`,
    ]),
  ).toEqual([{ addressee: 'contact' }, { addressee: 'dpo' }]);
  await expect(requests.close(id, { ...by, outcome: 'refused', reason: 'too late' })).rejects.toEqual(
    refused('REQUEST-004'),
  );
});

test('C21: nobody’s data is erased or corrected before the identity is recorded, and nothing is applied without saying to what', async () => {
  await take(strangerRow('ID-1'));
  const { requests } = gateway.app;
  const id = await open({ kind: 'erasure', references: ['ID-1'] });
  await expect(requests.apply(id, { ...by, selection: all.selection })).rejects.toEqual(
    refused('REQUEST-002'),
  );
  await expect(requests.apply(id, { ...by, identity: 'seen' })).rejects.toEqual(refused('REQUEST-002'));
  const corrections = { values: { last_name: 'X' }, clear: [] };
  await expect(requests.apply(id, { ...all, corrections })).rejects.toEqual(refused('REQUEST-002'));
  await expect(requests.apply(id, { ...all, selection: { leads: ['CL-1'], rows: [] } })).rejects.toEqual(
    refused('REQUEST-002'),
  );
  expect(
    await gateway.owner.all("SELECT 1 FROM leads WHERE reference = 'ID-1' AND erased_at IS NULL"),
  ).toHaveLength(1);
  const rectification = await open({ kind: 'rectification', references: ['ID-1'], identity: 'seen' });
  await expect(requests.apply(rectification, all)).rejects.toEqual(refused('REQUEST-002'));
});

test('C21: an objection of a person with neither mail nor phone is recorded in the lead that is named', async () => {
  const granted = { purpose: 'marketing', channel: 'post', state: 'granted', wordingVersion: 'w-1' };
  const consents = JSON.stringify([{ ...granted, recordedAt: '2026-01-05T10:00:00Z' }]);
  await take(strangerRow('PO-1', { email: null, mobile: null, landline: null, consents }));
  const id = await open({ kind: 'objection', references: ['PO-1'] });
  await gateway.app.requests.apply(id, { ...by, selection: all.selection });
  expect(
    await gateway.owner.all(
      `SELECT c.state FROM consents c JOIN leads l ON l.id = c.lead_id
        WHERE l.reference = 'PO-1' AND c.channel = 'post' AND c.purpose = 'marketing' ORDER BY c.id`,
    ),
  ).toEqual([{ state: 'granted' }, { state: 'withdrawn' }]);
});

test('C21: a restriction stands as long as one request asks for it, and is lifted only where there is one', async () => {
  await take(strangerRow('RS-1'));
  const { requests } = gateway.app;
  const restrict = () => open({ kind: 'restriction', references: ['RS-1'] });
  const [first, second, never] = [await restrict(), await restrict(), await restrict()];
  const lift = (id: number) => requests.lift(id, { ...by, evidence: 'letter of 2026-12-10' });
  await requests.apply(first, all);
  await requests.apply(second, all);
  await expect(lift(never)).rejects.toEqual(refused('REQUEST-001'));
  const restricted = async (): Promise<boolean> =>
    (await gateway.owner.all("SELECT 1 FROM leads WHERE reference = 'RS-1' AND restricted_at IS NOT NULL"))
      .length === 1;
  expect(await lift(first)).toMatchObject({ leads: 0 });
  expect(await restricted()).toBe(true);
  expect(await lift(second)).toMatchObject({ leads: 1 });
  expect(await restricted()).toBe(false);
});

test('C22: a withdrawal takes the consents out of a refused row; an objection holds for an address that no lead has', async () => {
  await take(strangerRow('RW-1', { channel: 'nonsense' }));
  const withdrawal = await open({
    kind: 'withdrawal',
    email: 'rw-1@courriel.example',
    optIns: { purposes: ['marketing'], channels: ['email'] },
  });
  await gateway.app.requests.apply(withdrawal, all);
  expect(await gateway.owner.all("SELECT consents FROM lead_intake WHERE reference = 'RW-1'")).toEqual([
    { consents: null },
  ]);
  const objection = await open({
    kind: 'objection',
    email: 'nolead@courriel.example',
    optIns: { purposes: ['marketing'], channels: ['email'] },
  });
  await gateway.app.requests.apply(objection, { ...by, selection: { leads: [], rows: [] } });
  await take(strangerRow('RW-2', { email: 'nolead@courriel.example' }));
  const [last] = await gateway.owner.all<{ state: string }>(
    `SELECT c.state FROM consents c JOIN leads l ON l.id = c.lead_id
      WHERE l.reference = 'RW-2' AND c.purpose = 'marketing' AND c.channel = 'email' ORDER BY c.id DESC LIMIT 1`,
  );
  expect(last?.state).not.toBe('granted');
});

test('C21: a rectification says of no refused row that it is corrected', async () => {
  const email = 'rr@courriel.example';
  await take(strangerRow('RR-1', { email }), strangerRow('RR-2', { email, channel: 'nonsense' }));
  const corrections = { values: { last_name: 'Nouveaunom' }, clear: [] };
  const { requests } = gateway.app;
  const id = await open({ kind: 'rectification', email });
  const row = (await requests.show(id)).subjects.find(({ kind }) => kind === 'row')?.subjectId ?? 0;
  const named = { ...all, corrections, selection: { leads: ['RR-1'], rows: [row] } };
  await expect(requests.apply(id, named)).rejects.toEqual(refused('REQUEST-002'));
  expect(await requests.apply(id, { ...all, corrections })).toMatchObject({ leads: 1, rows: 0 });
  expect((await requests.show(id)).subjects).toMatchObject([
    { kind: 'lead', decision: 'confirmed' },
    { kind: 'row', decision: 'left_out', appliedAt: null },
  ]);
  // Where rows are all that is held, nothing was corrected.
  await take(strangerRow('RR-3', { email: 'rr-3@courriel.example', channel: 'nonsense' }));
  const alone = await open({ kind: 'rectification', email: 'rr-3@courriel.example' });
  await expect(requests.apply(alone, { ...all, corrections })).rejects.toEqual(refused('REQUEST-002'));
});

test('C21: an erasure takes nobody along who only shares an address, and the names are shown with a reason that is logged', async () => {
  const email = 'six@courriel.example';
  await take(
    strangerRow('SIX-1', { email, first_name: 'Anne' }),
    strangerRow('SIX-2', { email, first_name: 'Paul' }),
  );
  const name = { lastName: 'Lefèvre', firstName: 'Anne' };
  const id = await open({ kind: 'erasure', email, name });
  const { requests } = gateway.app;
  await expect(requests.apply(id, all)).rejects.toMatchObject({ code: 'REQUEST-002' });
  const shown = await requests.names(id, { actor: 'Sophie', reason: 'who is who' });
  expect([...shown.values()].map(({ firstName }) => firstName)).toEqual(['Anne', 'Paul']);
  const looks = await gateway.owner.all("SELECT 1 FROM handovers WHERE entry = 'revealed' AND purpose = ?", [
    `request ${id}: who is who`,
  ]);
  expect(looks).toHaveLength(2);
  await requests.apply(id, { ...all, selection: { leads: ['SIX-1'], rows: [] } });
  expect(
    await gateway.owner.all(
      "SELECT reference FROM leads WHERE reference LIKE 'SIX-%' AND erased_at IS NOT NULL",
    ),
  ).toEqual([{ reference: 'SIX-1' }]);
});
