// A process that was not given the key that is in force by now: it says so, and does nothing that would be lost with the old one.
import { randomBytes } from 'node:crypto';
import { openApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config.ts';
import type { BatchResult } from '../../src/intake/accept.ts';
import { silentLog } from '../../src/log.ts';
import { leadRow, openGateway, webhookFiles, type Gateway } from '../trip/gateway.ts';
import { environmentOf, terminalOf } from './terminal.ts';

let gateway: Gateway;
beforeEach(async () => {
  gateway = await openGateway({ files: webhookFiles(9) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
});
afterEach(() => gateway.close());

const newKey = randomBytes(32).toString('base64');
const run = (over: Readonly<Record<string, string>>, ...argv: readonly string[]) =>
  terminalOf(environmentOf(gateway, over))(...argv);

test('a process that was not given the new key is no longer ready, and says why', async () => {
  const [planner, worker] = await gateway.start('planner', 'worker');
  await gateway.until('ready', async () => (await planner?.trouble()) === undefined);
  expect(
    (
      await run(
        {
          RELAIS_SEAL_KEY: newKey,
          RELAIS_SEAL_KEY_PREVIOUS: gateway.config.sealKey.toString('base64'),
        },
        'keys',
        'rotate',
        'seal',
      )
    ).code,
  ).toBe(0);
  for (const role of [planner, worker])
    await gateway.until('told', async () => (await role?.trouble()) === 'KEY-002');
});

test('a process that was not given the new master key takes nothing in under the old one, which goes', async () => {
  const [planner, worker] = await gateway.start('planner', 'worker');
  const over = {
    RELAIS_MASTER_KEY: newKey,
    RELAIS_MASTER_KEY_PREVIOUS: gateway.config.masterKey.toString('base64'),
  };
  expect((await run(over, 'keys', 'rotate', 'master', '--wait', '0')).code).toBe(0);
  for (const role of [planner, worker])
    await gateway.until('told', async () => (await role?.trouble()) === 'KEY-002');
  await gateway.send(leadRow('LG-1', { collected_at: new Date('2026-10-01T10:00:00Z') }));
  // The running planner tries as well: while it holds the row, there is nothing to take.
  let seen: unknown;
  await gateway.until('refused', async () => {
    seen = await gateway.app.intake.acceptBatch(10).catch((error: unknown) => error);
    return seen instanceof Error || (seen as BatchResult).taken > 0;
  });
  expect(seen).toMatchObject({ code: 'KEY-002' });
  const alone = environmentOf(gateway, { RELAIS_MASTER_KEY: newKey });
  const later = await openApp(loadConfig({ ...alone }), { log: silentLog });
  try {
    await gateway.until('taken in', async () => (await later.intake.acceptBatch(10)).taken > 0);
    const [lead] = await gateway.owner.all<{ id: number }>('SELECT id FROM leads');
    expect([...(await later.secrets.read(later.database, [lead?.id ?? 0])).keys()]).toEqual([lead?.id]);
  } finally {
    await later.close();
  }
});
