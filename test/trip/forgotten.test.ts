// What an erasure takes along wherever it is: rows refused since, references a CRM gave, bytes of files the lead has left (C22).
import { startHttpRecipient } from '../connectors/servers/http.ts';
import { openDropGateway } from './drop.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

const right = { clientId: 'essai', actor: 'tester', reason: 'asked' };
const stateOf = async (gateway: Gateway, reference: string, action: string): Promise<string> =>
  (await gateway.states(`l.reference = '${reference}' AND d.action = '${action}'`))
    .map((row) => `${row.state}:${row.reason}`)
    .join(' | ');

test('C22: erasing again clears what arrived about the lead since', async () => {
  const gateway = await openGateway({ files: webhookFiles(9) });
  try {
    await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
    await gateway.send(leadRow('G-1'));
    await gateway.app.intake.acceptBatch(10);
    expect(await gateway.app.rights.erase({ ...right, reference: 'G-1' })).toMatchObject({
      alreadyErased: false,
    });
    await gateway.send(
      { client_id: 'essai', kind: 'correction', reference: 'G-1', row_reference: 'k', last_name: 'Martin' },
      leadRow('G-2', { email: 'not an address' }),
    );
    await gateway.app.intake.acceptBatch(10);
    // One that has not even been read yet.
    await gateway.send({
      client_id: 'essai',
      kind: 'correction',
      reference: 'G-1',
      row_reference: 'l',
      last_name: 'Martin',
    });
    const rows = async (): Promise<readonly string[]> =>
      (await gateway.owner.all<{ reference: string }>('SELECT reference FROM lead_intake ORDER BY id')).map(
        (row) => row.reference,
      );
    expect(await rows()).toEqual(['G-1', 'G-2', 'G-1']);
    expect(await gateway.app.rights.erase({ ...right, reference: 'G-1' })).toMatchObject({
      alreadyErased: true,
    });
    expect(await rows()).toEqual(['G-2']);
  } finally {
    await gateway.close();
  }
});

test('C22: a reference the CRM gave does not outlive an erasure that turns out not to be needed there', async () => {
  const crm = await startHttpRecipient();
  const files = webhookFiles(crm.port)['essai/crm.yaml'] ?? '';
  const gateway = await openGateway({
    files: {
      ...webhookFiles(crm.port),
      'essai/crm.yaml': files
        .replace(
          /^send: .*$/m,
          `send: { url: 'http://localhost:${crm.port}/leads', lookup: { url: 'http://localhost:${crm.port}/find?ref={leadReference}' } }\nonUnknown: lookup`,
        )
        .replace(
          /^response:$/m,
          'response:\n  - { accepted: { status: 200 }, on: lookup }\n  - { absent: { status: 404 }, on: lookup }',
        ),
    },
  });
  try {
    await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
    await gateway.start('planner', 'worker');
    crm.answer = (request, response) => {
      if (request.method === 'DELETE') response.destroy();
      else if (request.method === 'GET') response.writeHead(404).end();
      else response.writeHead(200).end('{"success":true,"id":"CRM-77"}');
    };
    await gateway.send(leadRow('G-3'));
    await gateway.until(
      'delivered',
      async () => (await stateOf(gateway, 'G-3', 'create')) === 'delivered:accepted',
    );
    expect(await gateway.owner.all('SELECT recipient_reference AS ref FROM deliveries')).toEqual([
      { ref: 'CRM-77' },
    ]);
    await gateway.app.rights.erase({ ...right, reference: 'G-3' });
    await gateway.soon(
      'gone there',
      async () => (await stateOf(gateway, 'G-3', 'erase')) === 'cancelled:not_needed',
    );
    expect(await gateway.owner.all('SELECT 1 FROM deliveries WHERE recipient_reference IS NOT NULL')).toEqual(
      [],
    );
  } finally {
    await gateway.close();
    await crm.close();
  }
});

test('C22: the bytes of a file go with a lead that has left the file meanwhile', async () => {
  const gateway = await openDropGateway({ retry: '[1h, 1h]' });
  try {
    gateway.sftp.fault = (step) => (step === 'rename' ? 'reset' : undefined);
    await gateway.start('planner', 'worker');
    await gateway.send(leadRow('G-4'), leadRow('G-5'));
    await gateway.collectable(2);
    await gateway.ask();
    await gateway.until(
      'waits',
      async () => (await gateway.counts("state = 'waiting'"))['waiting:retry:CONNECTION_LOST'] === 2,
    );
    await gateway.owner.run(
      "UPDATE deliveries SET expires_at = UTC_TIMESTAMP(3) WHERE lead_id = (SELECT id FROM leads WHERE reference = 'G-4')",
    );
    await gateway.until('expired', async () =>
      (await stateOf(gateway, 'G-4', 'create')).startsWith('failed:expired'),
    );
    const kept = async (): Promise<number> =>
      (await gateway.owner.all('SELECT 1 FROM batches WHERE content IS NOT NULL')).length;
    expect(await kept()).toBe(1);
    await gateway.app.rights.erase({ ...right, reference: 'G-4' });
    expect(await kept()).toBe(0);
  } finally {
    await gateway.close();
  }
});
