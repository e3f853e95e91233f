// The log has a webhook's whole address and every mailbox of a mail: it says to whom a lead was sent.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { certificateFor } from '../connectors/servers/certificate.ts';
import { startHttpRecipient } from '../connectors/servers/http.ts';
import { smtpUser, startSmtpRecipient } from '../connectors/servers/smtp.ts';
import { leadRow, openGateway, webhookFiles, type GatewayOptions } from './gateway.ts';

/** Sends one lead and returns the target of its departure. */
async function departed(destinationId: string, options: GatewayOptions): Promise<string | undefined> {
  const gateway = await openGateway(options);
  try {
    await gateway.app.publishing.publish({ destinationId, author: 'tester', note: 'first' });
    await gateway.start('planner', 'worker');
    await gateway.send(leadRow('L-1'));
    await gateway.until('sent or broken', async () =>
      (await gateway.states()).some(({ state }) => state === 'delivered' || state === 'waiting'),
    );
    expect(await gateway.states()).toMatchObject([{ state: 'delivered' }]);
    const [entry] = await gateway.owner.all<{ target: string }>(
      "SELECT target FROM handovers WHERE entry = 'departed'",
    );
    return entry?.target;
  } finally {
    await gateway.close();
  }
}

test('a webhook with a long address is sent', async () => {
  const crm = await startHttpRecipient();
  try {
    crm.answer = (_request, response) => void response.writeHead(200).end('{"success":true,"id":"C-1"}');
    const url = `http://localhost:${crm.port}/leads?api-version=2016-06-01&flow=${'a'.repeat(200)}`;
    const files = webhookFiles(crm.port);
    const crmFile = files['essai/crm.yaml']?.replace(
      /'http[^']*\/leads' }\ntimeouts/,
      `'${url}' }\ntimeouts`,
    );
    const target = await departed('essai-crm', { files: { ...files, 'essai/crm.yaml': crmFile ?? '' } });
    expect(target).toBe(url);
  } finally {
    await crm.close();
  }
});

test('a mail to many mailboxes is sent to each', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'relais-long-targets-'));
  const certificate = await certificateFor('localhost');
  const smtp = await startSmtpRecipient(certificate);
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, certificate.cert);
  const mailboxes = Array.from({ length: 10 }, (_none, index) => `agence-commerciale-${index}@essai.example`);
  const list = `[${mailboxes.join(', ')}]`;
  const files = {
    'essai/client.yaml': `id: essai
name: Essai Promotion
legalEntity: ESSAI PROMOTION SAS
mailboxes: ${list}
categories: [identity, project, statistical]
contacts: { rights: dpo@essai.example }
authorisations:
  - { recipient: Essai commerce, destination: essai-mail, targets: ${list}, categories: [identity, project, statistical], document: Contrat 1, from: 2026-01-01 }
`,
    'essai/mail.yaml': `destination: essai-mail
connector: email
send: { to: ${list}, from: Centre de contact <leads@relais.example>, smtp: secret:SMTP }
consent:
  - { to: OPTIN_MAIL, channel: email, values: { granted: Oui, refused: 'Non', not_asked: Non demandé, withdrawn: Retiré } }
fields: [{ to: nom, label: Nom, from: identity.lastName }]
update: { send: { subject: 'Mise à jour {leadReference}' } }
erase: { send: { subject: '{action} {leadReference}' }, fields: [{ to: reference, label: Référence, from: id }] }
`,
  };
  try {
    const environment = {
      RELAIS_CA_FILE: ca,
      RELAIS_SECRET_SMTP: `smtp://${smtpUser.user}:${smtpUser.password}@localhost:${smtp.port}`,
    };
    const target = await departed('essai-mail', { files, environment });
    expect(smtp.received.map(({ to }) => to)).toEqual([mailboxes]);
    expect(target).toBe(mailboxes.join(', '));
  } finally {
    await smtp.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
