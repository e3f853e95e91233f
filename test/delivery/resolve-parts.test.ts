// Support says what became of a part: the open call of a delivery of several, a row of a file.
import { resolve } from '../../src/delivery/outcome/resolve.ts';
import { bringEmptyFiles } from '../../src/store/files/file-bytes.ts';
import { startHttpRecipient } from '../connectors/servers/http.ts';
import { openDropGateway } from '../trip/drop.ts';
import { leadRow, openGateway, strangerRow, webhookFiles, type Gateway } from '../trip/gateway.ts';

const by = { actor: 'tester', evidence: 'ticket 12' };
const withdraw = ({ app }: Gateway, reference: string): Promise<unknown> =>
  app.rights.withdraw({
    ...{ clientId: 'essai', reference, actor: 'tester', reason: 'request 1' },
    ...{ purpose: 'marketing' as const, channels: ['email'] as const },
  });

const calls = (port: number): string => `destination: essai-crm
connector: webhook
onUnknown: hold
timeouts: { connect: 5s, response: 10s, total: 12s }
retry: [1s, 1s, 2s]
maxAge: 1h
consent:
  - { to: optin, channel: email, values: { granted: OUI, refused: NON, not_asked: NON, withdrawn: RETRAIT } }
calls:
  - name: person
    send: { url: 'http://localhost:${port}/persons' }
    fields: [{ to: nom, from: identity.lastName, required: true }]
    capture: { id: $.data.id }
  - name: deal
    send: { url: 'http://localhost:${port}/persons/{person.id}/deals' }
    fields: [{ to: person_id, from: calls.person.id }, { to: ref, from: id }]
response:
  - { accepted: { status: 2xx, json: { success: true } }, reference: $.data.id }
  - { refused: { status: 422 } }
update:
  calls:
    - { name: person, send: { method: PATCH, url: 'http://localhost:${port}/persons/{person.id}' }, fields: [{ to: nom, from: identity.lastName }] }
`;

test.each([true, false])(
  'C16: an open call of several, received %s: the rest leaves, and the withdrawal that waited reaches its record',
  async (received) => {
    const crm = await startHttpRecipient();
    const gateway = await openGateway({
      files: { ...webhookFiles(crm.port), 'essai/crm.yaml': calls(crm.port) },
    });
    try {
      await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
      await gateway.start('planner', 'worker');
      crm.answer = (_request, response) => response.destroy();
      await gateway.send(strangerRow('P-1'));
      const stateOf = async (action: string): Promise<string> =>
        (await gateway.states(`d.action = '${action}'`)).map((row) => `${row.state}:${row.reason}`).join();
      const until = (action: string, wanted: string): Promise<void> =>
        gateway.until(`${action} ${wanted}`, async () => (await stateOf(action)).startsWith(wanted));
      await until('create', 'waiting:unknown_hold');
      await withdraw(gateway, 'P-1');
      await until('update', 'waiting:waits_for_create');
      crm.answer = (request, response) =>
        void response
          .writeHead(200, { 'content-type': 'application/json' })
          .end(JSON.stringify({ success: true, data: { id: request.url === '/persons' ? '7001' : '9' } }));
      const [create] = await gateway.states("d.action = 'create'");
      expect(
        await resolve(gateway.app, create?.id ?? 0, {
          ...{ ...by, received },
          ...(received ? { reference: '4400' } : {}),
        }),
      ).toBe(received ? 'goes_on' : 'sent_again');
      await until('update', 'delivered');
      const person = received ? '4400' : '7001';
      expect(crm.received.slice(1).map((one) => `${one.method} ${one.url}`)).toEqual([
        ...(received ? [] : ['POST /persons']),
        `POST /persons/${person}/deals`,
        `PATCH /persons/${person}`,
      ]);
      expect(JSON.parse(crm.received.at(-1)?.body.toString() ?? '{}')).toMatchObject({ optin: 'RETRAIT' });
    } finally {
      await gateway.close();
      await crm.close();
    }
  },
);

test('C16: the rows of a file of unknown outcome, one received and one not: each goes on, and the bytes of the file do not stay', async () => {
  const gateway = await openDropGateway({ extra: 'onUnknown: hold' });
  try {
    gateway.sftp.fault = (step) => (step === 'rename' ? 'reset' : undefined);
    await gateway.start('planner', 'worker');
    await gateway.send(
      leadRow('Q-1', { email: 'q1@courriel.example', mobile: '+33639980201' }),
      leadRow('Q-2', { email: 'q2@courriel.example', mobile: '+33639980202' }),
    );
    await gateway.collectable(2);
    await gateway.ask();
    await gateway.until(
      'held',
      async () =>
        (await gateway.states("d.state = 'waiting' AND d.reason LIKE 'unknown_hold%'")).length === 2,
    );
    gateway.sftp.fault = () => undefined;
    await withdraw(gateway, 'Q-1');
    await withdraw(gateway, 'Q-2');
    const [one, two] = await gateway.states("d.action = 'create'");
    await resolve(gateway.app, one?.id ?? 0, { ...by, received: true });
    await resolve(gateway.app, two?.id ?? 0, { ...by, received: false });
    await gateway.until('the second goes again', async () => {
      await gateway.ask();
      return (await gateway.states("d.action = 'create' AND d.state = 'delivered'")).length === 2;
    });
    await bringEmptyFiles(gateway.app.database);
    await gateway.until('nothing stays', async () => {
      const rows = await gateway.owner.all(
        "SELECT 1 FROM batches WHERE content IS NOT NULL OR state = 'written'",
      );
      return rows.length === 0;
    });
    expect(gateway.text(gateway.drops().at(-1) ?? '')).toContain('R');
  } finally {
    await gateway.close();
  }
});
