// How the gateway begins: what it loads, and what a start leaves behind for the next.
import { once } from 'node:events';
import { openGateway, webhookFiles, type Gateway } from './gateway.ts';
import { startProcess, type GatewayProcess } from './process.ts';

let gateway: Gateway;

beforeEach(async () => {
  gateway = await openGateway({ files: webhookFiles(1) });
});
afterEach(() => gateway.close());

/** Its last lines may be read after its exit. */
async function endOf({ child }: GatewayProcess): Promise<void> {
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

test('what a start compiled is there for the next, even if it was killed', async () => {
  const first = startProcess(gateway, 'planner');
  await gateway.until('begun', () => first.output().includes('process.started'));
  first.child.kill('SIGKILL');
  await first.exit;
  const next = startProcess(gateway, 'planner', { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' });
  await gateway.until('begun again', () => next.output().includes('process.started'));
  await endOf(next);
  // Only the lines of the file in question: a failure must be readable.
  const said = (words: RegExp): readonly string[] =>
    next
      .output()
      .split('\n')
      .filter((line) => words.test(line));
  for (const file of ['main.ts', 'app.ts', 'roles/planner.ts', 'intake/accept.ts'])
    expect(said(new RegExp(`/src/${file}`)).join('\n')).toMatch(
      /cache for ESM \S+ was accepted|because cache was the same/,
    );
  expect(said(/was rejected|was not initialized/)).toEqual([]);
});

/** Packages that only sending, showing figures or reading returned mails needs. */
const later =
  /node_modules\/(axios|undici|openpgp|ssh2|basic-ftp|nodemailer|imapflow|jose|fastify|prom-client)\//;

test('a planner begins without what it does not need, a worker with all that sending to its destinations needs', async () => {
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'a webhook' });
  const begun = async (role: 'planner' | 'worker'): Promise<readonly string[]> => {
    const started = startProcess(gateway, role, { NODE_DEBUG_NATIVE: 'COMPILE_CACHE' });
    await gateway.until('begun', () => started.output().includes('process.started'));
    await endOf(started);
    const loaded = started.output().match(new RegExp(later, 'g')) ?? [];
    return [...new Set(loaded.map((path) => later.exec(path)?.[1] ?? ''))].toSorted();
  };
  expect(await begun('planner')).toEqual([]);
  expect(await begun('worker')).toEqual(['axios', 'jose', 'undici']);
});
