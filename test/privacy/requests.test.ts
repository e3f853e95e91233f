// A person's request, from the demand to its closing, against real recipients: a CRM that can be told by wire and a mailbox that cannot.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMaintenance } from '../../src/delivery/background/maintenance.ts';
import { silentLog } from '../../src/log.ts';
import { watchRequests } from '../../src/privacy/requests/watch.ts';
import type { NewRequestOrder } from '../../src/privacy/requests/open.ts';
import type { IntakeValues } from '../../src/store/intake/intake.ts';
import { environmentOf, terminalOf, type Relais } from '../cli/terminal.ts';
import { certificateFor } from '../connectors/servers/certificate.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { smtpUser, startSmtpRecipient, type SmtpRecipient } from '../connectors/servers/smtp.ts';
import { openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

let crm: HttpRecipient;
let smtp: SmtpRecipient;
let folder: string;
let gateway: Gateway;
let relais: Relais;

const mailbox = (port: number): Readonly<Record<string, string>> => {
  const files = webhookFiles(port);
  return {
    ...files,
    'essai/client.yaml': (files['essai/client.yaml'] ?? '')
      .replace('hosts: [localhost]', 'hosts: [localhost]\nmailboxes: [leads@essai.example]')
      .replace(
        'authorisations:',
        `authorisations:
  - { recipient: Essai Lyon, destination: essai-mail, targets: [leads@essai.example], categories: [identity, project, statistical], document: Contrat 1, from: 2026-01-01 }`,
      ),
    'essai/mail.yaml': `destination: essai-mail
connector: email
send: { to: [leads@essai.example], from: Centre de contact <leads@relais.example>, smtp: secret:SMTP }
consent:
  - { to: OPTIN_MAIL, channel: email, values: { granted: Oui, refused: 'Non', not_asked: Non demandé, withdrawn: Retiré } }
fields:
  - { to: nom, label: Nom, from: identity.lastName }
  - { to: reference, label: Référence, from: id }
`,
  };
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relais-requests-'));
  const certificate = await certificateFor('localhost');
  [crm, smtp] = [await startHttpRecipient(), await startSmtpRecipient(certificate)];
  crm.answer = (_request, response) =>
    void response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify({ success: true, id: 'CRM-1' }));
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, certificate.cert);
  const environment = {
    RELAIS_CA_FILE: ca,
    RELAIS_SECRET_SMTP: `smtp://${smtpUser.user}:${smtpUser.password}@localhost:${smtp.port}`,
  };
  gateway = await openGateway({ files: mailbox(crm.port), environment });
  relais = terminalOf(environmentOf(gateway, environment));
  for (const destinationId of ['essai-crm', 'essai-mail'])
    await gateway.app.publishing.publish({ destinationId, author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker');
});
afterAll(async () => {
  await gateway.close();
  await Promise.all([crm.close(), smtp.close()]);
  rmSync(folder, { recursive: true, force: true });
});

const by = { actor: 'Sophie' };
const open = async (order: Pick<NewRequestOrder, 'kind'> & Partial<NewRequestOrder>): Promise<number> =>
  (await gateway.app.requests.open({ clientId: 'essai', ...by, ...order })).id;
const all = { selection: { leads: 'all', rows: 'all' }, identity: 'seen', ...by } as const;
async function delivered(reference: string, over: Partial<IntakeValues> = {}): Promise<void> {
  await gateway.send(strangerRow(reference, over));
  await settled(reference, 'create', 'delivered delivered');
}
const settled = (reference: string, action: string, wanted: string): Promise<void> =>
  gateway.until(`${reference} ${action} ${wanted}`, async () => {
    const rows = await gateway.states(`l.reference = '${reference}' AND d.action = '${action}'`);
    return rows.map(({ state }) => state).join(' ') === wanted;
  });
const recipients = async (id: number): Promise<readonly string[]> =>
  (await gateway.app.requests.show(id)).recipients.map(
    ({ destinationId, reference, state }) => `${destinationId} ${reference} ${state}`,
  );
const entries = async (id: number): Promise<readonly string[]> =>
  (
    await gateway.owner.all<{ reason: string; actor: string }>(
      "SELECT reason, actor FROM handovers WHERE entry = 'request' AND (purpose = ? OR purpose LIKE ?) ORDER BY id",
      [`request ${id}`, `request ${id}:%`],
    )
  ).map(({ reason, actor }) => `${actor === 'staff:1' ? 'Sophie' : actor} ${reason}`);
const mails = async (
  id: number,
): Promise<readonly { key: string; addressee: string; mailbox: string; body: string }[]> =>
  gateway.owner.all(
    'SELECT mail_key AS `key`, addressee, mailbox, CONCAT(subject, body) AS body FROM client_mails WHERE mail_key LIKE ? ORDER BY id',
    [`request-${id}%`],
  );

test('C21 C23 C24 C25: an erasure whose recipient is a mailbox, by the terminal alone, from the demand to its closing', async () => {
  const email = 'zoe@courriel.example';
  await delivered('E-1', { email, last_name: 'Lefèvre' });
  const demand = join(folder, 'demande de Zoé.eml');
  writeFileSync(demand, 'Bonjour, je suis zoe@courriel.example, effacez tout.');
  const opened = await relais(
    ...['request', 'open', '--client', 'essai', '--kind', 'erasure', '--email', email],
    ...['--document', demand, '--identity', 'answered from the address'],
  );
  expect(opened.err).toBe('');
  const id = /Request (\d+)/.exec(opened.out)?.[1] ?? '';
  expect(opened.out).toContain('E-1');
  const refusedClose = await relais('request', 'close', id);
  expect(refusedClose.err).toContain('REQUEST-004');
  const applied = await relais('request', 'apply', id, '--lead', 'E-1', '--yes');
  expect(applied.out).toContain('1 leads');
  await settled('E-1', 'erase', 'delivered failed');
  const shown = await relais('request', 'show', id);
  expect(shown.out).toMatch(/essai-crm .*acknowledged/);
  expect(shown.out).toMatch(/essai-mail .*written \(manual_erasure_required\)/);
  const letter = await relais('request', 'show', id, '--letter', 'essai-mail');
  expect(letter.out).toContain('Essai Lyon');
  expect(letter.out).toContain('référence E-1, transmission du');
  expect(letter.out).not.toMatch(/Lefèvre|zoe@/);
  const paper = join(folder, 'lettre.html');
  const toPaper = ['request', 'show', id, '--letter', 'essai-mail', '--to', paper];
  expect((await relais(...toPaper)).err).toContain(paper);
  expect(readFileSync(paper, 'utf8')).toContain('référence E-1, transmission du');
  expect((await relais(...toPaper)).err).toContain('nothing is overwritten');
  const tasks = await relais('task', 'list');
  expect(tasks.out).toContain('erase of E-1');
  await relais(
    'request',
    'acknowledge',
    id,
    '--destination',
    'essai-mail',
    '--evidence',
    'mail of 2026-12-02',
  );
  expect((await relais('task', 'list')).out).not.toContain('erase of E-1');
  expect((await relais('request', 'close', id)).err).toContain('declared that the prospect');
  await relais('request', 'declare-informed', id, '--evidence', 'mail of the client, 2026-12-03');
  expect((await relais('request', 'close', id)).out).toContain('is closed: done');
  // The planner follows each recipient once its delivery has ended, whichever ends first.
  const noted = await entries(Number(id));
  const [follows, others] = [noted.slice(3, 5), [...noted.slice(0, 3), ...noted.slice(5)]];
  expect([...follows].sort()).toEqual([
    'planner recipient_acknowledged:accepted',
    'planner recipient_written:manual_erasure_required',
  ]);
  expect(others).toEqual([
    'Sophie opened:erasure',
    'Sophie confirmed:1',
    'Sophie applied:erasure',
    'Sophie acknowledged',
    'Sophie informed',
    'Sophie closed:done',
  ]);
  const sent = await mails(Number(id));
  expect(sent.map(({ addressee, mailbox }) => addressee + mailbox)).toEqual([
    'contact',
    'contact',
    'contact',
    'mailboxleads@essai.example',
  ]);
  const [proof] = await gateway.owner.all<{ attachments: string }>(
    "SELECT attachments FROM client_mails WHERE mail_key LIKE ? AND kind = 'proof'",
    [`request-${id}-proof-%`],
  );
  const attached = (JSON.parse(proof?.attachments ?? '[]') as { base64: string }[]).map(({ base64 }) =>
    Buffer.from(base64, 'base64').toString(),
  );
  expect(JSON.parse(attached[0] ?? '{}')).toMatchObject({ act: 'erasure', request: id, leads: ['E-1'] });
  expect(attached.join()).not.toMatch(/zoe@|Lefèvre/);
  for (const { body } of sent) expect(body).not.toMatch(/zoe|Lefèvre/i);
});

test('a person called as the log calls a request is erased', async () => {
  const email = 'une.demande@courriel.example';
  await delivered('E-2', { email, mobile: null, last_name: 'Request' });
  const id = await open({ kind: 'erasure', email });
  await gateway.app.requests.apply(id, all);
  await settled('E-2', 'erase', 'delivered failed');
});

test('C21: the demand is kept sealed, given back whole to who says why, and it is in the log', async () => {
  const bytes = Buffer.alloc(2_500_000, 'CANARI-DEMANDE ');
  const id = await open({
    kind: 'access',
    email: 'x@courriel.example',
    demand: { name: 'Zoé CANARI.pdf', bytes },
  });
  for (const table of ['request_documents', 'request_document_parts', 'requests']) {
    const rows = await gateway.owner.all<Record<string, unknown>>(`SELECT * FROM ${table}`);
    for (const value of rows.flatMap((row) => Object.values(row)))
      expect(Buffer.isBuffer(value) ? value.includes('CANARI') || value.includes('x@courriel') : false).toBe(
        false,
      );
  }
  const out = join(folder, 'copy.pdf');
  await relais('request', 'copy', String(id), '--out', out, '--reason', 'ticket 12');
  expect(readFileSync(out).equals(bytes)).toBe(true);
  expect(await entries(id)).toContain('Sophie copied:2');
  await expect(
    open({ kind: 'access', demand: { name: 'large', bytes: Buffer.alloc(10 * 1024 * 1024 + 1) } }),
  ).rejects.toMatchObject({ code: 'REQUEST-005' });
});

test('C22: of two officers who apply at once one does it, and the other hears who did', async () => {
  await delivered('T-1');
  await delivered('T-2', { email: 't-1@courriel.example' });
  const id = await open({ kind: 'erasure', email: 't-1@courriel.example' });
  const both = await Promise.allSettled([
    gateway.app.requests.apply(id, { ...all, actor: 'Sophie' }),
    gateway.app.requests.apply(id, { ...all, actor: 'Karim' }),
  ]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  expect((await entries(id)).filter((entry) => entry.includes('applied'))).toHaveLength(1);
  const erased = await gateway.owner.all<{ n: number }>(
    "SELECT COUNT(*) AS n FROM handovers h JOIN leads l ON l.id = h.lead_id WHERE h.entry = 'erased' AND l.reference LIKE 'T-%'",
  );
  expect(erased).toEqual([{ n: 2 }]);
});

test('C22: a crash in the middle changes nothing, and the next apply does it all', async () => {
  await delivered('K-1');
  await delivered('K-2', { email: 'k-1@courriel.example' });
  const id = await open({ kind: 'erasure', email: 'k-1@courriel.example' });
  // The second lead cannot be erased: as if the process died after the first.
  await gateway.owner.text(
    "CREATE TRIGGER broken BEFORE UPDATE ON leads FOR EACH ROW IF NEW.reference = 'K-2' AND NEW.erased_at IS NOT NULL THEN SIGNAL SQLSTATE '45000'; END IF",
  );
  await expect(gateway.app.requests.apply(id, all)).rejects.toThrow();
  const { request, subjects } = await gateway.app.requests.show(id);
  expect([request.state, request.confirmedAt]).toEqual(['open', null]);
  expect(subjects.map(({ erasedAt, decision }) => [erasedAt, decision])).toEqual([
    [null, 'proposed'],
    [null, 'proposed'],
  ]);
  await gateway.owner.text('DROP TRIGGER broken');
  expect(await gateway.app.requests.apply(id, all)).toMatchObject({ leads: 2, rows: 0 });
  await settled('K-2', 'erase', 'delivered failed');
});

test('C22: what came in since the list was read is not applied unseen', async () => {
  await delivered('N-1');
  const id = await open({ kind: 'erasure', email: 'n-1@courriel.example' });
  await delivered('N-2', { email: 'n-1@courriel.example' });
  await expect(gateway.app.requests.apply(id, all)).rejects.toMatchObject({ code: 'REQUEST-003' });
  expect(
    await gateway.app.requests.apply(id, { ...all, selection: { leads: ['N-2'], rows: [] } }),
  ).toMatchObject({
    leads: 1,
    rows: 0,
  });
  const { subjects } = await gateway.app.requests.show(id);
  expect(
    subjects.map(({ reference, decision, erasedAt }) => [reference, decision, erasedAt !== null]),
  ).toEqual([
    ['N-1', 'left_out', false],
    ['N-2', 'confirmed', true],
  ]);
});

test('C21 C24: a rectification is judged by the contract, logged by names, and reaches the recipients', async () => {
  await delivered('R-1');
  const id = await open({ kind: 'rectification', references: ['R-1'] });
  const wrong = { ...all, corrections: { values: { email: 'no address' }, clear: [] } };
  await expect(gateway.app.requests.apply(id, wrong)).rejects.toMatchObject({ code: 'REQUEST-002' });
  // Typed from the letter, with the blanks of French typography.
  const landline = ['01', '99', '00', '22', '33'].join('\u202f');
  const corrections = { values: { last_name: 'Martin', landline }, clear: ['mobile'] };
  await gateway.app.requests.apply(id, { ...all, corrections });
  await settled('R-1', 'update', 'delivered failed');
  expect(await recipients(id)).toEqual(['essai-crm R-1 acknowledged', 'essai-mail R-1 written']);
  const { effects } = await gateway.app.requests.show(id);
  expect(effects).toMatchObject([
    { table: 'prospects', columns: 'last_name=replaced mobile=removed landline=added', rows: 1 },
  ]);
  expect(
    await gateway.owner.all(
      "SELECT landline FROM prospects WHERE last_name = 'Martin' AND landline IS NOT NULL",
    ),
  ).toEqual([{ landline: '+33199002233' }]);
  const corrected = await gateway.owner.all<{ fields: string }>(
    "SELECT h.fields FROM handovers h JOIN leads l ON l.id = h.lead_id WHERE h.entry = 'corrected' AND l.reference = 'R-1'",
  );
  expect(corrected).toHaveLength(1);
  for (const { body } of await mails(id)) expect(body).not.toContain('Martin');
  const { out } = await relais('request', 'show', String(id), '--letter', 'essai-mail');
  expect(out).toContain('Martin');
  expect(out).toContain('à supprimer');
});

test('C21: an objection goes to the list with every address, and a withdrawal to the consents; both are told', async () => {
  const phones = ['+33639989901'];
  await delivered('O-1', { email: 'o@courriel.example', mobile: phones[0] ?? null });
  const objection = await open({
    kind: 'objection',
    phones,
    optIns: { purposes: ['marketing'], channels: ['email'] },
  });
  await gateway.app.requests.apply(objection, { ...all, identity: undefined });
  await settled('O-1', 'update', 'delivered failed');
  expect(await recipients(objection)).toEqual(['essai-crm O-1 acknowledged', 'essai-mail O-1 written']);
  const { out } = await relais(
    ...['opposition', 'check', '--client', 'essai', '--email', 'o@courriel.example', '--reason', 'test'],
  );
  expect(out).toContain('marketing.email');
  await delivered('W-1');
  const withdrawal = await open({
    kind: 'withdrawal',
    references: ['W-1'],
    optIns: { purposes: ['marketing'], channels: ['email'] },
  });
  await gateway.app.requests.apply(withdrawal, all);
  await settled('W-1', 'update', 'delivered failed');
  expect(await recipients(withdrawal)).toEqual(['essai-crm W-1 acknowledged', 'essai-mail W-1 written']);
  const letter = await relais('request', 'show', String(withdrawal), '--letter', 'essai-mail');
  expect(letter.out).toContain('prospection par e-mail : retrait enregistré');
  expect(letter.out).toContain('article 7, paragraphe 3, du RGPD');
  const objected = await relais('request', 'show', String(objection), '--letter', 'essai-mail');
  expect(objected.out).toContain('prospection par e-mail : opposition enregistrée');
  expect(objected.out).toContain('article 21 du RGPD');
  expect(objected.out).not.toMatch(/retir|articles/);
});

test('C21: while processing is restricted nothing new leaves; lifted, it leaves by itself, whatever its age', async () => {
  await delivered('L-1');
  const id = await open({ kind: 'restriction', references: ['L-1'] });
  await gateway.app.requests.apply(id, all);
  expect(await recipients(id)).toEqual(['essai-crm L-1 written', 'essai-mail L-1 written']);
  await gateway.send({
    ...{ client_id: 'essai', kind: 'consent', reference: 'L-1', row_reference: 'L-1-1' },
    consents: JSON.stringify([
      { purpose: 'marketing', channel: 'email', state: 'granted', recordedAt: new Date().toISOString() },
    ]),
  });
  await gateway.until('withheld', async () =>
    (await gateway.states("l.reference = 'L-1' AND d.action = 'update'")).some(
      ({ state, reason }) => state === 'withheld' && reason === 'restricted',
    ),
  );
  await gateway.owner.run(
    "UPDATE deliveries SET expires_at = TIMESTAMPADD(DAY, -1, UTC_TIMESTAMP(3)), created_at = TIMESTAMPADD(DAY, -2, UTC_TIMESTAMP(3)) WHERE state = 'withheld'",
  );
  const before = crm.received.length;
  const { database, published } = gateway.app;
  const producer = { push: () => Promise.reject(new Error('pushed')) } as never;
  expect(await createMaintenance({ database, published, producer, log: silentLog }).expire()).toBe(0);
  expect(await gateway.states("d.state = 'withheld' AND d.reason = 'restricted'")).toHaveLength(1);
  expect(crm.received).toHaveLength(before);
  expect(await gateway.app.requests.lift(id, { ...by, evidence: 'letter of 2026-12-10' })).toEqual({
    leads: 1,
    reopened: 1,
  });
  await gateway.until('told', () => crm.received.length > before);
  await expect(gateway.app.requests.lift(id, { ...by, evidence: 'again' })).rejects.toMatchObject({
    code: 'REQUEST-001',
  });
});

test('C24 C25: time alerts at day 21 and 25, reminds recipients after 7, 14 and 21 days, and closes nothing', async () => {
  await delivered('A-1');
  const id = await open({ kind: 'erasure', references: ['A-1'] });
  await gateway.app.requests.apply(id, all);
  await settled('A-1', 'erase', 'delivered failed');
  await gateway.app.requests.show(id);
  const back = (days: number): Promise<unknown> =>
    Promise.all([
      gateway.owner.run(
        'UPDATE requests SET received_at = TIMESTAMPADD(DAY, ?, UTC_TIMESTAMP(3)) WHERE id = ?',
        [-days, id],
      ),
      gateway.owner.run(
        'UPDATE request_recipients SET asked_at = TIMESTAMPADD(DAY, ?, UTC_TIMESTAMP(3)) WHERE request_id = ?',
        [-days, id],
      ),
    ]);
  const broken: number[] = [];
  const watch = (): Promise<void> =>
    watchRequests({ database: gateway.app.database, onBroken: (request) => broken.push(request) });
  for (const days of [6, 7, 14, 21, 25, 40]) {
    await back(days);
    await watch();
    await watch();
  }
  expect(broken).toEqual([]);
  const alerts = await gateway.owner.all<{ reason: string }>(
    "SELECT reason FROM alerts WHERE kind IN ('request_due', 'request_recipient') AND reason LIKE ? ORDER BY id",
    [`${id}:%`],
  );
  expect(alerts.map(({ reason }) => reason.split(':')[1])).toEqual([
    ...['day_7', 'day_14', 'day_21', 'day_21', 'day_25', 'overdue'],
  ]);
  expect(
    (await mails(id))
      .map(({ key }) =>
        key
          .replace(/^request-\d+-?/, '')
          .replace(/-[0-9a-f]{12}(?=-)/, '')
          .replace(/(?<=day-\d+)-\d+$/, ''),
      )
      .filter((key) => key.includes('day'))
      .toSorted(),
  ).toEqual([
    // One to the contact, one to the officer.
    ...['day-21', 'day-21', 'day-25', 'day-25', 'essai-mail-day-14', 'essai-mail-day-14'],
    ...['essai-mail-day-21', 'essai-mail-day-21', 'essai-mail-day-7', 'essai-mail-day-7'],
  ]);
  expect((await gateway.app.requests.show(id)).request.state).toBe('applied');
});

test('C24: a lead that was asked about later has its reminder too, beside that of the lead before it', async () => {
  await delivered('R-1');
  await delivered('R-2');
  const id = await open({ kind: 'erasure', references: ['R-1', 'R-2'] });
  await gateway.app.requests.apply(id, { ...all, selection: { leads: 'all', rows: [] } });
  for (const reference of ['R-1', 'R-2']) await settled(reference, 'erase', 'delivered failed');
  await gateway.app.requests.show(id);
  const asked = (reference: string, days: number): Promise<unknown> =>
    gateway.owner.run(
      `UPDATE request_recipients r JOIN leads l ON l.id = r.lead_id SET r.asked_at = TIMESTAMPADD(DAY, ?, UTC_TIMESTAMP(3))
        WHERE r.request_id = ? AND l.reference = ?`,
      [-days, id, reference],
    );
  const reminded = async (): Promise<readonly string[]> => {
    await watchRequests({ database: gateway.app.database, onBroken: () => undefined });
    const bodies = (await mails(id)).filter(({ key }) => key.includes('-day-7')).map(({ body }) => body);
    return [...new Set(bodies.flatMap((body) => /R-[12]/.exec(body) ?? []))];
  };
  await asked('R-1', 7);
  await asked('R-2', 2);
  expect(await reminded()).toEqual(['R-1']);
  await asked('R-1', 12);
  await asked('R-2', 7);
  expect(await reminded()).toEqual(['R-1', 'R-2']);
});

test('C21: an extension is made once, within the first month, and says why', async () => {
  const id = await open({ kind: 'access', email: 'nobody@courriel.example' });
  const { request } = await gateway.app.requests.show(id);
  const due = await gateway.app.requests.extend(id, { ...by, reason: 'six recordings' });
  expect(due.getTime()).toBeGreaterThan(request.dueAt.getTime() + 55 * 86_400_000);
  const again = (): Promise<unknown> => gateway.app.requests.extend(id, { ...by, reason: 'again' });
  await expect(again()).rejects.toMatchObject({ code: 'REQUEST-001' });
  const late = await open({ kind: 'access', email: 'nobody@courriel.example' });
  await gateway.owner.run(
    'UPDATE requests SET due_at = TIMESTAMPADD(MINUTE, -1, UTC_TIMESTAMP(3)) WHERE id = ?',
    [late],
  );
  await expect(gateway.app.requests.extend(late, { ...by, reason: 'late' })).rejects.toMatchObject({
    code: 'REQUEST-001',
  });
});

test('C21: an access whose identity nobody recorded is answered once it is said', async () => {
  const id = await open({ kind: 'access', email: 'nobody@courriel.example' });
  const evidence = ['--evidence', 'letter of 2026-12-10'];
  expect((await relais('request', 'answer', String(id), ...evidence)).err).toContain('REQUEST-002');
  const { code, out } = await relais(
    'request',
    'answer',
    String(id),
    ...evidence,
    '--identity',
    'card seen, ticket 12',
  );
  expect([code, out]).toEqual([0, expect.stringContaining('is answered')]);
});

test('C23 C24: an erasure and a withdrawal of one command are requests, with proof, recipients in writing and reminders', async () => {
  await delivered('Z-1');
  const command = ['--client', 'essai', '--reason', 'ticket 12'];
  const withdrawn = await relais('lead', 'withdraw', 'Z-1', ...command);
  expect(withdrawn.code).toBe(0);
  const erased = await relais('lead', 'erase', 'Z-1', ...command, '--identity', 'card seen', '--yes');
  expect(erased.err).toMatch(/Proof \d+/);
  const listed = await gateway.app.requests.list({ clientId: 'essai', isOpen: true }, 2);
  expect(listed.map(({ kind, state, identityHow }) => [kind, state, identityHow])).toEqual([
    ['erasure', 'applied', 'card seen'],
    ['withdrawal', 'applied', ''],
  ]);
  await settled('Z-1', 'erase', 'delivered failed');
  const [erasure, withdrawal] = listed.map(({ id }) => id);
  expect(await recipients(erasure ?? 0)).toEqual(['essai-crm Z-1 acknowledged', 'essai-mail Z-1 written']);
  expect(await recipients(withdrawal ?? 0)).toHaveLength(2);
  // Nothing is applied without the identity.
  expect((await relais('lead', 'erase', 'Z-1', ...command, '--yes')).code).toBe(64);
});

test('a request of somebody who is not found leads to an answer that nothing is held', async () => {
  const opened = await relais(
    ...['request', 'open', '--client', 'essai', '--kind', 'erasure', '--email', 'nobody@courriel.example'],
  );
  const id = /Request (\d+)/.exec(opened.out)?.[1] ?? '';
  expect(opened.out).toContain(
    `Nothing of this person was found at that client.\nNext: check the spelling, then relais request apply ${id} --none\n`,
  );
});

test('a request that is noted after its term asks the client to answer without delay, not by a day that is past', async () => {
  const days = 24 * 3_600_000;
  const first = async (receivedAt: Date): Promise<string> => {
    const [mail] = await mails(await open({ kind: 'objection', email: 'late@courriel.example', receivedAt }));
    return mail?.body ?? '';
  };
  const now = gateway.app.database.now().getTime();
  expect(await first(new Date(now - 40 * days))).toContain('elle est à apporter sans délai');
  expect(await first(new Date(now - 10 * days))).toContain('doit lui être apportée au plus tard le');
});
