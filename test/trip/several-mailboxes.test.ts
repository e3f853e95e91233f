// One mail to several mailboxes of which the server takes some: who has it is remembered, and nobody gets it twice.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { startPlanner } from '../../src/roles/planner.ts';
import { startWorker } from '../../src/roles/worker.ts';
import { resolve } from '../../src/delivery/outcome/resolve.ts';
import { replay } from '../support/replay.ts';
import { environmentOf, terminalOf } from '../cli/terminal.ts';
import { certificateFor } from '../connectors/servers/certificate.ts';
import { smtpUser, startSmtpRecipient, type SmtpRecipient } from '../connectors/servers/smtp.ts';
import { leadRow, openGateway, type Gateway } from './gateway.ts';

let smtp: SmtpRecipient;
let folder: string;
let gateway: Gateway;
/** What the server says to the second mailbox. */
let answer: number | undefined;
const by = { actor: 'tester', reason: 'mailbox made' };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'relais-several-'));
  const certificate = await certificateFor('localhost');
  smtp = await startSmtpRecipient(certificate);
  smtp.faults = { recipient: (address) => (address.startsWith('adv@') ? answer : undefined) };
  answer = undefined;
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, certificate.cert);
  gateway = await openGateway({
    files,
    environment: {
      RELAIS_CA_FILE: ca,
      RELAIS_SECRET_SMTP: `smtp://${smtpUser.user}:${smtpUser.password}@localhost:${smtp.port}`,
    },
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-mail', author: 'tester', note: 'first' });
});
afterEach(async () => {
  await gateway.close();
  await smtp.close();
  rmSync(folder, { recursive: true, force: true });
});

const rowOf = async (action = 'create') => (await gateway.states(`d.action = '${action}'`))[0];
/** A delivery that is to wait is left waiting; another one's next try is brought forward. */
const ends = (state: string, action = 'create'): Promise<void> =>
  gateway[state === 'waiting' ? 'until' : 'soon'](
    `${action} ${state}`,
    async () => (await rowOf(action))?.state === state,
  );
/** Who got how many mails. */
const received = (): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const mail of smtp.received) for (const to of mail.to) counts[to] = (counts[to] ?? 0) + 1;
  return counts;
};
const answersOf = (): Promise<readonly { target: string; outcome: string; status: number }[]> =>
  gateway.owner.all(
    "SELECT target, outcome, status FROM handovers WHERE entry = 'target_outcome' ORDER BY id",
  );

test('the retry goes to the mailbox that is still open, with the same Message-ID, also from another process', async () => {
  answer = 450;
  const [planner, worker] = [await startPlanner(gateway.app), await startWorker(gateway.app)];
  await gateway.send(leadRow('P-1'));
  await ends('waiting');
  expect((await rowOf())?.reason).toBe('retry:SMTP_450_PARTLY');
  await worker.stop();
  await planner.stop();
  answer = undefined;
  await gateway.start('planner', 'worker');
  await ends('delivered');
  expect(received()).toEqual({ 'leads@essai.example': 1, 'adv@essai.example': 1 });
  const ids = await Promise.all(smtp.received.map(async ({ raw }) => (await simpleParser(raw)).messageId));
  expect(new Set(ids).size).toBe(1);
  // Whoever opens the second mail sees to whom it went, as in the first.
  expect((await simpleParser(smtp.received[1]?.raw ?? '')).to).toMatchObject({
    text: 'leads@essai.example, adv@essai.example',
  });
  expect(await answersOf()).toEqual([
    { target: 'leads@essai.example', outcome: 'unconfirmed', status: 250 },
    { target: 'adv@essai.example', outcome: 'unavailable', status: 450 },
    { target: 'adv@essai.example', outcome: 'unconfirmed', status: 250 },
  ]);
  const departed = await gateway.owner.all<{ target: string }>(
    "SELECT target FROM handovers WHERE entry = 'departed' ORDER BY id",
  );
  expect(departed.map(({ target }) => target)).toEqual([
    'leads@essai.example, adv@essai.example',
    'adv@essai.example',
  ]);
  const story = await terminalOf(environmentOf(gateway))('delivery', 'show', String((await rowOf())?.id));
  expect(story.out).toContain('leads@essai.example : remis, sans preuve de réception (250)');
  expect(story.out).toContain('adv@essai.example : indisponible (450)');
});

test('a mailbox refused for good fails the delivery, and the erasure still reaches the one that has the lead', async () => {
  answer = 550;
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('P-2'));
  await ends('failed');
  expect((await rowOf())?.reason).toBe('refused:SMTP_550_PARTLY');
  answer = undefined;
  // Support is told by the second mailbox's owner that nothing came; what the first one has stands in the log all the same.
  const finding = { actor: 'tester', evidence: 'mail of the client', received: false };
  await resolve(gateway.app, (await rowOf())?.id ?? 0, finding);
  await gateway.app.rights.erase({ clientId: 'essai', reference: 'P-2', actor: 'tester', reason: 'asked' });
  await ends('delivered', 'erase');
  const erasure = smtp.received.at(-1);
  expect(erasure?.to).toContain('leads@essai.example');
  expect((await simpleParser(erasure?.raw ?? '')).subject).toContain('Demande d’effacement');
});

test('a withdrawal after a partial refusal reaches the mailbox that holds the grant', async () => {
  answer = 550;
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('P-3'));
  await ends('failed');
  answer = undefined;
  await gateway.app.rights.withdraw({
    clientId: 'essai',
    reference: 'P-3',
    purpose: 'marketing',
    channels: ['email'],
    actor: 'tester',
    reason: 'asked',
  });
  await ends('delivered', 'update');
  const mail = await simpleParser(smtp.received.at(-1)?.raw ?? '');
  expect(smtp.received.at(-1)?.to).toContain('leads@essai.example');
  expect(mail.text).toContain('Retiré');
  // Whoever had it was told; the other mailbox never had it.
  expect(await gateway.owner.all("SELECT 1 FROM alerts WHERE kind = 'manual_task'")).toEqual([]);
});

test.each(['erase', 'update'] as const)(
  'a mailbox that is taken out of the file does not get the mail that takes back (%s): a person is given the task',
  async (action) => {
    await gateway.start('planner', 'worker');
    await gateway.send(leadRow('P-5'));
    await ends('delivered');
    const without = (files['essai/mail.yaml'] ?? '').replace(
      '[leads@essai.example, adv@essai.example]',
      '[leads@essai.example]',
    );
    gateway.file('essai/mail.yaml', without);
    await gateway.app.publishing.publish({
      destinationId: 'essai-mail',
      author: 'tester',
      note: 'without adv',
    });
    const right = { clientId: 'essai', reference: 'P-5', actor: 'tester', reason: 'asked' };
    if (action === 'erase') await gateway.app.rights.erase(right);
    else await gateway.app.rights.withdraw({ ...right, purpose: 'marketing', channels: ['email'] });
    await ends('delivered', action);
    expect(smtp.received.at(-1)?.to).toEqual(['leads@essai.example']);
    const tasks = await gateway.owner.all<{ reason: string; delivery: number }>(
      "SELECT reason, delivery_id AS delivery FROM alerts WHERE kind = 'manual_task'",
    );
    const reason = action === 'erase' ? 'manual_erasure_required' : 'manual_update_required';
    expect(tasks).toEqual([{ reason, delivery: (await rowOf(action))?.id }]);
  },
);

test('once the mailbox exists, the replay goes to it alone; what was delivered whole is sent again as a whole', async () => {
  answer = 550;
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('P-4'));
  await ends('failed');
  answer = undefined;
  const id = (await rowOf())?.id ?? 0;
  await replay(gateway.app, [id], by);
  await ends('delivered');
  expect(received()).toEqual({ 'leads@essai.example': 1, 'adv@essai.example': 1 });
  await replay(gateway.app, [id], { ...by, again: true });
  await gateway.until('sent again', () => smtp.received.length === 3);
  await ends('delivered');
  expect(received()).toEqual({ 'leads@essai.example': 2, 'adv@essai.example': 2 });
});

test('a server that greylists one mailbox does not close the way to the other', async () => {
  answer = 450;
  await gateway.start('planner', 'worker');
  await gateway.send(...Array.from({ length: 12 }, (_, index) => leadRow(`Q-${index}`)));
  const tried = async (times: number): Promise<boolean> =>
    (await gateway.states(`d.state = 'waiting' AND d.reason LIKE 'retry%' AND d.attempt >= ${times}`))
      .length === 12;
  await gateway.until('all left once', () => tried(1));
  expect(received()['leads@essai.example']).toBe(12);
  // Once: brought forward again and again, the first would be given up before the last.
  await gateway.owner.run('UPDATE deliveries SET due_at = UTC_TIMESTAMP(3)');
  await gateway.until('all tried again', () => tried(2));
  const [row] = await gateway.owner.all<{ circuit: string }>('SELECT circuit FROM destination_states');
  expect(JSON.parse(row?.circuit ?? '{}')).toMatchObject({ state: 'closed' });
});

const files: Readonly<Record<string, string>> = {
  'essai/client.yaml': `id: essai
name: Essai Promotion
legalEntity: ESSAI PROMOTION SAS
mailboxes: [leads@essai.example, adv@essai.example]
categories: [identity, project, statistical]
contacts: { rights: dpo@essai.example }
authorisations:
  - { recipient: Essai commerce, destination: essai-mail, targets: [leads@essai.example, adv@essai.example], categories: [identity, project, statistical], document: Contrat 1, from: 2026-01-01 }
`,
  'essai/mail.yaml': `destination: essai-mail
connector: email
send: { to: [leads@essai.example, adv@essai.example], from: Centre de contact <leads@relais.example>, smtp: secret:SMTP }
retry: [1h, 1h, 1h]
consent:
  - { to: OPTIN_MAIL, channel: email, values: { granted: Oui, refused: 'Non', not_asked: Non demandé, withdrawn: Retiré } }
fields: [{ to: nom, label: Nom, from: identity.lastName }]
update: { send: { subject: 'Mise à jour {leadReference}' } }
erase: { send: { subject: '{action} {leadReference}' }, fields: [{ to: reference, label: Référence, from: id }] }
`,
};
