// A recipient is authorised, or moves to another host, while a lead is in the hands of a worker: the lead goes where it may go by now, and the
// destination is not held.
import { startWorker } from '../../src/roles/worker.ts';
import type { Role } from '../../src/roles/role-status.ts';
import { grantAuthorisation } from '../../src/support/authorisations.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { stopMonotonicClock } from '../support/host-clock.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let worker: Role | undefined;
let goOn: () => void = () => undefined;
beforeEach(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) => void response.writeHead(200).end('{"success":true,"id":"C-1"}');
  gateway = await openGateway({ files: webhookFiles(crm.port) });
  await publish();
});
afterEach(async () => {
  goOn();
  await worker?.stop();
  await gateway.close();
  await crm.close();
});

const publish = () =>
  gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'n' });

/** A lead that is queued, and a worker in whose hands it is at this step when `change` is made: what it has read is of a moment ago. */
async function sentWhile(step: 'written' | 'claimed', change: () => Promise<unknown>): Promise<void> {
  await gateway.send(leadRow('V-1'));
  await gateway.start('planner');
  await gateway.until('queued', async () => (await gateway.states())[0]?.state === 'queued');
  let isDone = false;
  worker = await startWorker(gateway.app, {
    step: async (name) => {
      if (name === 'departed') goOn();
      if (name !== step || isDone) return;
      isDone = true;
      goOn = stopMonotonicClock();
      await change();
    },
  });
  await gateway.until('tried', async () =>
    (await gateway.entries()).some(({ entry }) => entry === 'outcome' || entry === 'withheld'),
  );
}

const ended = async (): Promise<unknown> => ({
  states: (await gateway.states()).map(({ state, reason }) => `${state}:${reason}`),
  held: await gateway.owner.all('SELECT destination_id FROM destination_states WHERE held = 1'),
  hosts: crm.received.map(({ headers }) => String(headers.host).split(':')[0]),
});

test('a lead leaves under an authorisation that is granted while it is in the hands of a worker', async () => {
  await gateway.owner.run('UPDATE authorisations SET revoked_at = UTC_TIMESTAMP(3)');
  await sentWhile('claimed', () =>
    grantAuthorisation(gateway.app.database, {
      clientId: 'essai',
      destinationId: 'essai-crm',
      recipient: 'Essai CRM',
      targets: ['localhost'],
      categories: ['identity', 'project', 'statistical'],
      documentRef: 'Contrat 2',
      validFrom: new Date('2026-01-01T00:00:00Z'),
      grantedBy: 'tester',
    }),
  );
  expect(await ended()).toEqual({ states: ['delivered:accepted'], held: [], hosts: ['localhost'] });
});

test('a lead that is written when its destination moves to another host goes to that host', async () => {
  const files = webhookFiles(crm.port);
  await sentWhile('written', async () => {
    gateway.file(
      'essai/client.yaml',
      (files['essai/client.yaml'] ?? '')
        .replace('hosts: [localhost]', 'hosts: [127.0.0.1]')
        .replace('targets: [localhost]', 'targets: [127.0.0.1]'),
    );
    gateway.file(
      'essai/crm.yaml',
      (files['essai/crm.yaml'] ?? '').replaceAll('//localhost:', '//127.0.0.1:'),
    );
    await publish();
  });
  expect(await ended()).toEqual({ states: ['delivered:accepted'], held: [], hosts: ['127.0.0.1'] });
});
