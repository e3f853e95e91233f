// One Redis, one database, one life: whatever else claims it is refused at the start, or stands aside while it runs.
import { startHttpRecipient, type HttpRecipient } from '../connectors/servers/http.ts';
import { environmentOf, terminalOf } from '../cli/terminal.ts';
import { leadRow, openGateway, webhookFiles, type Gateway, type GatewayOptions } from './gateway.ts';
import { startProcess } from './process.ts';

let crm: HttpRecipient;
const open: Gateway[] = [];

beforeEach(async () => {
  crm = await startHttpRecipient();
  crm.answer = (_request, response) => void response.writeHead(200).end('{"success":true,"id":"C-1"}');
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
  await crm.close();
});

async function installation(options: GatewayOptions = {}): Promise<Gateway> {
  const gateway = await openGateway({ files: webhookFiles(crm.port), ...options });
  open.push(gateway);
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  return gateway;
}
const identityOf = (gateway: Gateway): Promise<string | null> =>
  gateway.redis.get(`${gateway.config.redis.prefix}:installation`);
const delivered = async (gateway: Gateway, count: number): Promise<void> =>
  gateway.until(
    `${count} delivered`,
    async () => (await gateway.states("d.state = 'delivered'")).length === count,
  );
/** The newest entry of the log is the one that Redis has seen. */
const followed = (gateway: Gateway): Promise<void> =>
  gateway.until('Redis has followed', async () => {
    const [row] = await gateway.owner.all<{ id: number }>('SELECT MAX(id) AS id FROM handovers');
    return (await identityOf(gateway))?.split(' ')[2] === String(row?.id);
  });

test('a second installation on the same Redis and prefix refuses to start, and says what to do', async () => {
  const first = await installation();
  const roles = await first.start('planner', 'worker');
  const second = await installation({ environment: { RELAIS_REDIS_PREFIX: first.config.redis.prefix } });
  for (const role of ['planner', 'worker'] as const)
    await expect(second.start(role)).rejects.toMatchObject({ code: 'REDIS-001' });
  const running = startProcess(second, 'all');
  expect(await running.exit).toBe(78);
  expect(running.output()).toMatch(/REDIS-001 .*belongs to another installation/);
  await first.send(leadRow('I-1'));
  await delivered(first, 1);
  await Promise.all(roles.map((role) => role.stop()));
});

test('a database restored from an hour ago refuses the Redis that knew it later, until an operator adopts it', async () => {
  const gateway = await installation();
  const roles = await gateway.start('planner', 'worker');
  await gateway.send(leadRow('R-1'));
  await delivered(gateway, 1);
  const [{ id } = { id: 0 }] = await gateway.owner.all<{ id: number }>('SELECT MAX(id) AS id FROM handovers');
  await gateway.send(leadRow('R-2'));
  await delivered(gateway, 2);
  await followed(gateway);
  await Promise.all(roles.map((role) => role.stop()));
  // The dump: what came after it is gone, and its numbers are given anew.
  await gateway.owner.text('DROP TRIGGER handovers_no_delete');
  const later = await gateway.owner.all<{ n: number }>('SELECT id AS n FROM handovers WHERE id > ?', [id]);
  await gateway.owner.run('DELETE FROM handovers WHERE id > ?', [id]);
  await expect(gateway.start('planner')).rejects.toMatchObject({
    code: 'REDIS-001',
    message: expect.stringContaining('this database lacks') as string,
  });
  for (const { n } of later)
    await gateway.owner.run(
      "INSERT INTO handovers (id, at, entry, client_id) VALUES (?, UTC_TIMESTAMP(6), 'published', 'essai')",
      [n],
    );
  await expect(gateway.start('worker')).rejects.toMatchObject({ code: 'REDIS-001' });

  const relais = terminalOf(environmentOf(gateway));
  expect((await relais('redis', 'show')).out).toContain('it was restored from a backup, or is a copy');
  expect(await relais('redis', 'adopt')).toMatchObject({ code: 64 });
  expect(await relais('redis', 'adopt', '--reason', 'restored, ticket 16')).toMatchObject({ code: 0 });
  expect((await relais('redis', 'show')).out).toContain('is ours');
  expect(await gateway.owner.all('SELECT number, actor, reason FROM installation_lives')).toEqual([
    { number: 1, actor: 'relais', reason: 'first start' },
    { number: 2, actor: 'staff:1', reason: 'restored, ticket 16' },
  ]);
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('R-3'));
  await delivered(gateway, 3);
});

test('running processes stand aside while their Redis is another’s, and go on when it is theirs again', async () => {
  const gateway = await installation();
  const [planner, worker] = await gateway.start('planner', 'worker');
  await gateway.send(leadRow('S-1'));
  await delivered(gateway, 1);
  const key = `${gateway.config.redis.prefix}:installation`;
  await gateway.redis.set(key, 'another-house another-life 7 20261125T100000.000001');
  for (const role of [planner, worker])
    await gateway.until(
      'aside',
      async () => (await role?.trouble()) === 'redis is not ours (another_installation)',
    );
  await gateway.send(leadRow('S-2'));
  await gateway.until('planned', async () => (await gateway.states()).length === 2);
  await gateway.until('marked queued', async () => (await gateway.states())[1]?.state === 'queued');
  expect(await gateway.redis.keys(`${gateway.config.redis.prefix}:{essai-crm}:deliveries:d2*`)).toEqual([]);
  expect(await identityOf(gateway)).toMatch(/^another-house /);
  expect(crm.received).toHaveLength(1);
  // Flushed: it bears no name, and is taken at once.
  await gateway.redis.del(key);
  await delivered(gateway, 2);
  expect(await planner?.trouble()).toBeUndefined();
  expect(crm.received).toHaveLength(2);
});

test('the name in Redis is ids, a number and a moment; it follows the log', async () => {
  const gateway = await installation();
  await gateway.start('planner', 'worker');
  await gateway.send(leadRow('N-1'));
  await delivered(gateway, 1);
  await followed(gateway);
  expect(await identityOf(gateway)).toMatch(/^[0-9a-f-]{36} [0-9a-f-]{36} \d+ \d{8}T\d{6}\.\d{6}$/);
});
