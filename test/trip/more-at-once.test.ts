// A destination that is never idle: a published change of its concurrency reaches the worker that is sending to it.
import { startHttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, patient, webhookFiles } from './gateway.ts';

test('more places are filled as soon as the version that gives them is published', async () => {
  const crm = await startHttpRecipient();
  const waiting: (() => void)[] = [];
  const hold: typeof crm.answer = (_request, response) => {
    waiting.push(() => response.writeHead(200).end('{"success":true,"id":"C-1"}'));
  };
  const filesWith = (concurrency: number): Readonly<Record<string, string>> =>
    patient(webhookFiles(crm.port, { extra: `limits: { concurrency: ${concurrency} }` }));
  const gateway = await openGateway({ files: filesWith(1) });
  try {
    const publish = (note: string): Promise<unknown> =>
      gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note });
    /** Every lead is in the destination's queue, where a worker with a place would have taken it. */
    const handedOver = (count: number): Promise<void> =>
      gateway.until('handed to the queue', async () => {
        const open = await gateway.owner.all(
          "SELECT 1 FROM deliveries WHERE state = 'sending' OR (state = 'queued' AND queued_at IS NOT NULL)",
        );
        return open.length === count;
      });
    await publish('one');
    await gateway.start('planner', 'worker');
    // The first of a start goes alone.
    await gateway.send(leadRow('M-first'));
    await gateway.until('delivered', async () => (await gateway.states())[0]?.state === 'delivered');
    crm.answer = hold;
    await gateway.send(...Array.from({ length: 9 }, (_, index) => leadRow(`M-${index}`)));
    await gateway.until('one is under way', () => Promise.resolve(waiting.length === 1));
    await handedOver(9);
    expect(waiting).toHaveLength(1);
    gateway.file('essai/crm.yaml', filesWith(5)['essai/crm.yaml'] ?? '');
    await publish('five');
    await gateway.until('five are under way', () => Promise.resolve(waiting.length === 5));
    await gateway.send(leadRow('M-9'));
    await handedOver(10);
    expect(waiting).toHaveLength(5);
    crm.answer = (_request, response) => response.writeHead(200).end('{"success":true,"id":"C-1"}');
    for (const answer of waiting) answer();
    await gateway.until('all delivered', async () =>
      (await gateway.states()).every((one) => one.state === 'delivered'),
    );
  } finally {
    await gateway.close();
    await crm.close();
  }
});
