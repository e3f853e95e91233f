// Two who publish a destination for the first time at one instant: one version, one entry of the log, one note to the client.
import { crossing } from '../store/crossing.ts';
import { openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';

let gateway: Gateway;
const files = webhookFiles(9);
const crm = files['essai/crm.yaml'] ?? '';

beforeEach(async () => {
  gateway = await openGateway({
    files: { ...files, 'essai/nord.yaml': crm.replace('destination: essai-crm', 'destination: essai-nord') },
  });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterEach(() => gateway.close());

test('C48: of two first publications of one destination at once there is one version, one entry and one note', async () => {
  const publish = () =>
    gateway.app.publishing.publish({ destinationId: 'essai-nord', author: 'tester', note: 'first' });
  const written = async (): Promise<readonly string[]> =>
    (
      await gateway.owner.all<{ entry: string }>(
        "SELECT entry FROM handovers WHERE entry IN ('published', 'note_written') AND destination_id = 'essai-nord' ORDER BY id",
      )
    ).map(({ entry }) => entry);
  const done = await crossing(
    gateway.owner,
    (tx) => tx.all("SELECT 1 FROM clients WHERE id = 'essai' FOR UPDATE"),
    [publish, publish],
  );
  expect(done.map((one) => one.status === 'fulfilled' && one.value.changed)).toEqual([true, false]);
  expect(await written()).toEqual(['published', 'note_written']);
});
