// After an outage too short to open the breaker: the first lead that passes takes the one that waits with it.
import { startHttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles } from './gateway.ts';

test('a lead that waits for hours leaves as soon as another one has passed', async () => {
  const crm = await startHttpRecipient();
  crm.answer = (_request, response) => response.writeHead(503).end();
  const files = webhookFiles(crm.port);
  const gateway = await openGateway({
    files: Object.fromEntries(
      Object.entries(files).map(([name, text]) => [
        name,
        text.replace('retry: [1s, 1s, 2s]\nmaxAge: 1h', 'retry: [3h, 6h]\nmaxAge: 2d'),
      ]),
    ),
  });
  try {
    await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
    await gateway.start('planner', 'worker');
    await gateway.send(leadRow('O-1'));
    await gateway.until('waiting', async () => (await gateway.states())[0]?.state === 'waiting');
    crm.answer = (_request, response) => response.writeHead(200).end('{"success":true,"id":"C-1"}');
    await gateway.send(leadRow('O-2'));
    await gateway.until('both delivered', async () => {
      const states = await gateway.states();
      return states.length === 2 && states.every((one) => one.state === 'delivered');
    });
  } finally {
    await gateway.close();
    await crm.close();
  }
});
