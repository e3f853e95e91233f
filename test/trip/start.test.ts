// How the gateway begins: what it loads, and what a start leaves behind for the next.
import { openGateway, webhookFiles, type Gateway } from './gateway.ts';
import { startProcess } from './process.ts';

let gateway: Gateway;

beforeEach(async () => {
  gateway = await openGateway({ files: webhookFiles(1) });
});
afterEach(() => gateway.close());

test('what a start compiled is there for the next, even if it was killed', async () => {
  const first = startProcess(gateway, 'planner');
  await gateway.until('begun', () => first.output().includes('process.started'));
  first.child.kill('SIGKILL');
  await first.exit;
  const next = startProcess(gateway, 'planner', { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' });
  await gateway.until('begun again', () => next.output().includes('process.started'));
  next.child.kill('SIGKILL');
  await next.exit;
  for (const file of ['main.ts', 'app.ts', 'roles/planner.ts', 'intake/accept.ts'])
    expect(next.output()).toMatch(new RegExp(`cache for ESM \\S+/src/${file} was accepted`));
  expect(next.output()).not.toMatch(/was rejected|was not initialized/);
}, 60_000);
