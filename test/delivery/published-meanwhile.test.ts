// A worker judges by the version it claimed by, and before its judgement is written another is published: that one judges again.
import { startWorker } from '../../src/roles/worker.ts';
import type { Role } from '../../src/roles/role-status.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let worker: Role | undefined;
beforeEach(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) => void response.writeHead(200).end('{"success":true,"id":"C-1"}');
  const files = webhookFiles(crm.port);
  const [client = '', crmFile = ''] = [files['essai/client.yaml'], files['essai/crm.yaml']];
  const authorised = client.split('\n').findLast((line) => line.includes('essai-crm')) ?? '';
  gateway = await openGateway({
    files: {
      'essai/client.yaml': `${client}${authorised.replace('essai-crm', 'essai-b')}\n`,
      'essai/crm.yaml': crmFile,
      'essai/b.yaml': `${crmFile.replace('essai-crm', 'essai-b')}accepts: { programme: [B-*] }\n`,
    },
  });
});
afterEach(async () => {
  await worker?.stop();
  await gateway.close();
  await crm.close();
});

const mapping = (extra = '', consent?: string): string =>
  webhookFiles(crm.port, { extra, ...(consent === undefined ? {} : { consent }) })['essai/crm.yaml'] ?? '';
const emailToo = `  - { to: OPTIN, purpose: marketing, channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETRAIT } }
  - { to: OPTSMS, purpose: marketing, channel: sms, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETRAIT } }`;
const elsewhere = 'accepts: { programme: [AUTRE-*] }';

const publish = (text: string) => {
  gateway.file('essai/crm.yaml', text);
  return gateway.app.publishing.publish({
    destinationId: 'essai-crm',
    author: 'tester',
    note: 'n',
    mayEnd: () => Promise.resolve(true),
  });
};
const stateOf = async (): Promise<string> =>
  (await gateway.states()).map(({ state, reason }) => `${state}:${reason}`).join();

/** A lead that is queued, `since` published then, and a worker in whose hands it is when `next` is published. */
async function publishedWhileClaimed(next: string, since?: string): Promise<void> {
  await gateway.send(leadRow('V-1'));
  await gateway.start('planner');
  await gateway.until('queued', async () => (await stateOf()).startsWith('queued'));
  if (since !== undefined) await publish(since);
  let isPublished = false;
  worker = await startWorker(gateway.app, {
    step: async (name) => {
      if (name !== 'claimed' || isPublished) return;
      isPublished = true;
      await publish(next);
    },
  });
  await gateway.until('judged', async () => !/^(planned|queued|sending|waiting)/.test(await stateOf()));
}

test('an opt-in that is not asked any more withholds nothing that was judged just then', async () => {
  await publish(mapping('', emailToo));
  await publishedWhileClaimed(mapping());
  expect(await stateOf()).toBe('delivered:accepted');
});

test('a lead that the destination takes again is not ended by a version that did not', async () => {
  await publish(mapping());
  await publishedWhileClaimed(mapping(), mapping(elsewhere));
  expect(await stateOf()).toBe('delivered:accepted');
});

test('what was judged waits for whoever publishes its destination; what goes to others does not', async () => {
  await publish(mapping());
  await gateway.app.publishing.publish({ destinationId: 'essai-b', author: 'tester', note: 'b' });
  await gateway.send(leadRow('V-1'));
  await gateway.start('planner');
  await gateway.until('queued', async () => (await stateOf()).startsWith('queued'));
  await publish(mapping(elsewhere));
  let judges = false;
  await gateway.owner.transaction(async (tx) => {
    await tx.all("SELECT 1 FROM destinations WHERE id = 'essai-crm' FOR UPDATE");
    worker = await startWorker(gateway.app, {
      step: (name) => {
        if (name === 'claimed') judges = true;
      },
    });
    await gateway.until('claimed', () => judges);
    await gateway.send(...['B-1', 'B-2', 'B-3'].map((name) => leadRow(name, { programme: 'B-1' })));
    await gateway.until(
      'the others',
      async () =>
        (await gateway.states("d.destination_id = 'essai-b' AND d.state = 'delivered'")).length === 3,
    );
    expect(await gateway.states("l.reference = 'V-1' AND d.state = 'sending'")).toHaveLength(1);
  });
  await gateway.until(
    'judged',
    async () => (await gateway.states("l.reference = 'V-1' AND d.state = 'cancelled'")).length === 1,
  );
});
