// A recipient with one answer for all who have an address: the no of one person goes before the newer yes of another.
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from './gateway.ts';

let crm: HttpRecipient;
let gateway: Gateway;

beforeEach(async () => {
  crm = await startHttpRecipient();
  gateway = await openGateway({
    files: webhookFiles(crm.port, {
      consent: `  - { to: adresse, keptBy: address, channel: email, values: { granted: oui, refused: non, not_asked: non, withdrawn: non } }
  - { to: personne, channel: email, values: { granted: oui, refused: non, not_asked: non, withdrawn: non } }`,
    }),
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'by address' });
  await gateway.start('planner', 'worker');
});
afterEach(async () => {
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
