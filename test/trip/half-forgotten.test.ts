// Regression: a job that Redis remembers by its id alone, in no list, blocked its delivery for ever.
import { startHttpRecipient } from '../connectors/servers/http.ts';
import { leadRow, openGateway, webhookFiles } from './gateway.ts';

test('a delivery whose job stands in no list of Redis any more is pushed again and leaves', async () => {
  const crm = await startHttpRecipient();
  const gateway = await openGateway({ files: webhookFiles(crm.port) });
  try {
    await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
    const [planner] = await gateway.start('planner');
    await gateway.send(leadRow('H-1'));
    await gateway.until('queued', async () => (await gateway.states())[0]?.state === 'queued');
    const prefix = `${gateway.config.redis.prefix}:{essai-crm}:deliveries`;
    await gateway.until('in Redis', async () => (await gateway.redis.llen(`${prefix}:wait`)) === 1);
    await planner?.stop();
    await gateway.redis.del(`${prefix}:wait`, `${prefix}:marker`);
    await gateway.owner.run('UPDATE deliveries SET queued_at = TIMESTAMPADD(MINUTE, -1, UTC_TIMESTAMP(3))');
    await gateway.start('planner', 'worker');
    await gateway.until('delivered', async () => (await gateway.states())[0]?.state === 'delivered');
  } finally {
    await gateway.close();
    await crm.close();
  }
});
