// A recipient with one answer for all who have an address: the no of one person goes before the newer yes of another.
import { startWorker } from '../../src/roles/worker.ts';
import type { Role } from '../../src/roles/role-status.ts';
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;
let worker: Role;
const rarely = (over: { readonly consent: string }): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(webhookFiles(crm.port, over)).map(([name, text]) => [
      name,
      text.replace('retry: [1s, 1s, 2s]', 'retry: [10m, 10m, 10m]'),
    ]),
  );
/** Called once, between the writing of a content and its departure. */
let onceWritten: (() => Promise<void>) | undefined;

beforeEach(async () => {
  crm = await startHttpRecipient();
  gateway = await openGateway({
    // A try that fails is repeated when the test asks for it.
    files: rarely({
      consent: `  - { to: adresse, keptBy: address, channel: email, values: { granted: oui, refused: non, not_asked: non, withdrawn: non } }
  - { to: personne, channel: email, values: { granted: oui, refused: non, not_asked: non, withdrawn: non } }`,
    }),
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'by address' });
  await gateway.start('planner');
  onceWritten = undefined;
  worker = await startWorker(gateway.app, {
    step: async (name) => {
      if (name !== 'written') return;
      const work = onceWritten;
      onceWritten = undefined;
      await work?.();
    },
  });
});
afterEach(async () => {
  await worker.stop();
  await gateway.close();
  await crm.close();
});

const said = (state: string, agoMs: number): string =>
  JSON.stringify([
    {
      purpose: 'marketing',
      channel: 'email',
      state,
      recordedAt: new Date(Date.now() - agoMs).toISOString(),
    },
  ]);
const send = async (reference: string, firstName: string, consents: string): Promise<void> => {
  await gateway.send(leadRow(reference, { first_name: firstName, consents }));
  await gateway.until(`${reference} is there`, () =>
    Promise.resolve(crm.received.some(({ body }) => body.toString().includes(reference))),
  );
};
const isPost = ({ method, body }: HttpRecipient['received'][number]): boolean =>
  method === 'POST' && body.toString().includes('K-2');
const answers = (reference: string): unknown => {
  const body =
    crm.received.findLast((one) => one.body.toString().includes(reference))?.body.toString() ?? '{}';
  const { adresse, personne } = JSON.parse(body) as Record<string, unknown>;
  return { adresse, personne };
};

test('C16: the refusal of one person stands at the address whatever another with it says later', async () => {
  await send('K-1', 'Zoé', said('refused', 60_000));
  await send('K-2', 'Paul', said('granted', 1_000));
  expect(answers('K-2')).toEqual({ adresse: 'non', personne: 'oui' });
  const [entry] = await gateway.owner.all<{ consents: string }>(
    "SELECT h.consents FROM handovers h JOIN leads l ON l.id = h.lead_id WHERE h.entry = 'departed' AND l.reference = 'K-2'",
  );
  expect(JSON.parse(entry?.consents ?? '[]')).toContainEqual(
    expect.objectContaining({ field: 'adresse', value: 'non', state: 'refused' }),
  );
});

test('the newer yes of the same person counts, and so does that of another once nobody refuses', async () => {
  await send('K-1', 'Zoé', said('refused', 60_000));
  await send('K-3', 'zoe', said('granted', 1_000));
  expect(answers('K-3')).toEqual({ adresse: 'oui', personne: 'oui' });
  await gateway.send({
    ...{ client_id: 'essai', kind: 'consent', reference: 'K-1', row_reference: 'K-1-yes' },
    consents: said('granted', 500),
  });
  await gateway.until('the yes of K-1', () => Promise.resolve(crm.received.length > 2));
  await send('K-4', 'Paul', said('granted', 100));
  expect(answers('K-4')).toEqual({ adresse: 'oui', personne: 'oui' });
});

/** Zoé says no ten minutes ago, and we hear of it now: it ends no yes of Paul that was given since. */
async function zoeRefuses(): Promise<void> {
  await gateway.send({
    ...{ client_id: 'essai', kind: 'consent', reference: 'K-1', row_reference: 'K-1-no' },
    consents: said('refused', 600_000),
  });
  await gateway.until(
    'the no is recorded',
    async () => (await gateway.owner.all("SELECT 1 FROM consents WHERE state = 'refused'")).length === 1,
  );
}
const revisionOf = async (reference: string): Promise<number | undefined> =>
  (
    await gateway.owner.all<{ revision: number }>('SELECT revision FROM leads WHERE reference = ?', [
      reference,
    ])
  )[0]?.revision;

test('C16: a no of another person that comes in after the content was written does not stay behind its yes', async () => {
  await send('K-1', 'Zoé', said('granted', 3_600_000));
  onceWritten = zoeRefuses;
  await send('K-2', 'Paul', said('granted', 1_000));
  expect(answers('K-2')).toEqual({ adresse: 'non', personne: 'oui' });
  // Nothing of the lead itself has changed.
  expect(await revisionOf('K-2')).toBe(1);
});

test('the same where the delivery was claimed before it was written', async () => {
  await send('K-1', 'Zoé', said('granted', 3_600_000));
  crm.answer = (_request, response) => void response.writeHead(500).end();
  await send('K-2', 'Paul', said('granted', 1_000));
  expect(answers('K-2')).toEqual({ adresse: 'oui', personne: 'oui' });
  onceWritten = zoeRefuses;
  const before = crm.received.length;
  await gateway.soon('K-2 is sent again', () => crm.received.slice(before).some(isPost));
  expect(answers('K-2')).toEqual({ adresse: 'non', personne: 'oui' });
  expect(await revisionOf('K-2')).toBe(1);
});

test.each([
  ['comes in before the correction', true],
  ['comes in after it', false],
])(
  'a content that is sent again after a correction says the no of another person that %s',
  async (_when, first) => {
    await send('K-1', 'Zoé', said('granted', 3_600_000));
    crm.answer = (_request, response) => void response.writeHead(500).end();
    await send('K-2', 'Paul', said('granted', 1_000));
    const correct = async (): Promise<void> => {
      await gateway.send({
        ...{ client_id: 'essai', kind: 'correction', reference: 'K-2', row_reference: 'K-2-town' },
        city: 'Lyon',
      });
      await gateway.until('corrected', async () => (await revisionOf('K-2')) === 2);
    };
    for (const act of first ? [zoeRefuses, correct] : [correct, zoeRefuses]) await act();
    const before = crm.received.length;
    await gateway.soon('K-2 is sent again', () => crm.received.slice(before).some(isPost));
    expect(answers('K-2')).toEqual({ adresse: 'non', personne: 'oui' });
  },
);
