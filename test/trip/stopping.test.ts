// A process that is told to stop: what it has begun ends, nothing else begins, and others take the rest at once.
import { startHttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, patient, webhookFiles } from './gateway.ts';

test('entries of many deliveries are not worked off while stopping: what has not begun is given back and leaves elsewhere', async () => {
  const crm = await startHttpRecipient();
  const waiting: (() => void)[] = [];
  const hold: typeof crm.answer = (_request, response) => {
    waiting.push(() => response.writeHead(200).end('{"success":true,"id":"C-1"}'));
  };
  const gateway = await openGateway({
    files: patient(webhookFiles(crm.port, { extra: 'limits: { concurrency: 2 }' })),
  });
  const count = async (where: string): Promise<number> =>
    (await gateway.owner.all<{ n: number }>(`SELECT COUNT(*) AS n FROM deliveries WHERE ${where}`))[0]?.n ??
    0;
  const givenBack = "state = 'queued' AND queued_at < TIMESTAMPADD(MINUTE, -30, UTC_TIMESTAMP(3))";
  try {
    await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
    const [planner, worker] = await gateway.start('planner', 'worker');
    // The first of a start goes alone.
    await gateway.send(leadRow('S-first'));
    await gateway.until('delivered', async () => (await count("state = 'delivered'")) === 1);
    crm.received.splice(0);
    crm.answer = hold;
    await gateway.send(...Array.from({ length: 48 }, (_, index) => leadRow(`S-${index}`)));
    await gateway.until(
      'two are under way and all others queued',
      async () => waiting.length === 2 && (await count("state = 'queued'")) === 46,
    );
    // Nobody pushes anything again meanwhile.
    await planner?.stop();
    const stopped = worker?.stop();
    // What was taken and has not begun goes back while the recipient still thinks, not when the stop has run out of patience.
    await gateway.until('given back', async () => (await count(givenBack)) > 0);
    expect(waiting).toHaveLength(2);
    for (const answer of waiting.splice(0)) answer();
    await stopped;
    expect(crm.received).toHaveLength(2);
    expect(await count("state = 'delivered'")).toBe(3);
    expect(await count("state = 'queued'")).toBe(46);
    expect(await count('attempt > 0')).toBe(3);
    crm.answer = (_request, response) => response.writeHead(200).end('{"success":true,"id":"C-2"}');
    await gateway.start('planner', 'worker');
    await gateway.until('all delivered', async () => (await count("state = 'delivered'")) === 49);
    expect(crm.received).toHaveLength(48);
  } finally {
    await gateway.close();
    await crm.close();
  }
});
