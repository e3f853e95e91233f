// Guarantee 6: two hundred races of erasure and withdrawal against sending, judged by the log's own order.
// The lead's lock orders them: entries of one lead are numbered in the order in which they were decided.
import { setTimeout as pause } from 'node:timers/promises';
import { startHttpRecipient, type HttpRecipient } from '../../connectors/servers/http.ts';
import { strangerRow, openGateway, webhookFiles, type Gateway } from '../../trip/gateway.ts';

const races = 100;
let crm: HttpRecipient;
let gateway: Gateway;

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = (request, response) => {
    const ref = (JSON.parse(request.body.toString() || '{}') as { ref?: string }).ref ?? 'x';
    // Slow enough that rights are exercised while a send is under way.
    setTimeout(() => response.writeHead(200).end(JSON.stringify({ success: true, id: `CRM-${ref}` })), 8);
  };
  gateway = await openGateway({ files: webhookFiles(crm.port, { extra: 'limits: { concurrency: 20 }' }) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner');
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
});

interface Entry {
  readonly id: number;
  readonly entry: string;
  readonly action: string;
  readonly consents: string | null;
}

async function race(kind: 'erase' | 'withdraw'): Promise<ReadonlyMap<string, readonly Entry[]>> {
  const names = Array.from({ length: races }, (_, index) => `${kind}-${index}`);
  const exercise = (reference: string): Promise<unknown> => {
    const request = { clientId: 'essai', reference, actor: 'tester', reason: 'race' };
    return kind === 'erase'
      ? gateway.app.rights.erase(request)
      : gateway.app.rights.withdraw({ ...request, purpose: 'marketing', channels: ['email'] });
  };
  const sendOne = async (reference: string): Promise<void> => {
    await gateway.send(strangerRow(reference));
    await gateway.until(
      'taken in',
      async () =>
        (await gateway.owner.all('SELECT 1 FROM leads WHERE reference = ?', [reference])).length === 1,
    );
  };
  const departed = (reference: string): Promise<void> =>
    gateway.until(
      'departed',
      async () =>
        (
          await gateway.owner.all(
            "SELECT 1 FROM handovers h JOIN leads l ON l.id = h.lead_id WHERE l.reference = ? AND h.entry = 'departed'",
            [reference],
          )
        ).length > 0,
    );
  // However fast or busy the machine is, the right of the first comes before its departure and that of every eighth behind it.
  const [first = '', ...others] = names;
  await sendOne(first);
  await exercise(first);
  const workers = await gateway.start('worker', 'worker');
  await Promise.all(
    others.map(async (name, index) => {
      await pause(index * 5);
      await sendOne(name);
      if (index % 8 === 0) await departed(name);
      else await pause((index % 8) ** 2 * 6);
      await exercise(name);
    }),
  );
  const open = "state IN ('planned', 'queued', 'sending', 'waiting', 'pending')";
  await gateway.until('all settled', async () => {
    const [left] = await gateway.owner.all<{ n: number }>(
      `SELECT (SELECT COUNT(*) FROM lead_changes) + (SELECT COUNT(*) FROM deliveries WHERE ${open}) AS n`,
    );
    return left?.n === 0;
  });
  await Promise.all(workers.map((worker) => worker.stop()));
  const histories = new Map<string, Entry[]>();
  for (const name of names) {
    histories.set(
      name,
      await gateway.owner.all<Entry>(
        'SELECT h.id, h.entry, h.action, h.consents FROM handovers h JOIN leads l ON l.id = h.lead_id WHERE l.reference = ? ORDER BY h.id',
        [name],
      ),
    );
  }
  return histories;
}

test('C22: nothing of an erased lead departs afterwards, and what departed before is followed by an erase', async () => {
  let before = 0;
  for (const [name, entries] of await race('erase')) {
    const erased = entries.find((one) => one.entry === 'erased')?.id ?? 0;
    const departed = entries.filter((one) => one.entry === 'departed' && one.action !== 'erase');
    expect({ name, after: departed.filter((one) => one.id > erased) }).toEqual({ name, after: [] });
    const erasures = await gateway.states(`l.reference = '${name}' AND d.action = 'erase'`);
    expect({ name, erasures: erasures.map((one) => one.state) }).toEqual({
      name,
      erasures: departed.length > 0 ? ['delivered'] : [],
    });
    before += departed.length > 0 ? 1 : 0;
  }
  // The race is real only if both sides win sometimes.
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(races);
});

test('C16: after a withdrawal only the withdrawn state departs, and whoever had the grant gets the update', async () => {
  let before = 0;
  for (const [name, entries] of await race('withdraw')) {
    const withdrawn = entries.find((one) => one.entry === 'withdrawn')?.id ?? 0;
    const departed = entries.filter((one) => one.entry === 'departed');
    const states = departed.map((one) => ({
      after: one.id > withdrawn,
      state: /"state":"(\w+)"/.exec(one.consents ?? '')?.[1],
    }));
    expect({ name, wrong: states.filter((one) => one.after && one.state !== 'withdrawn') }).toEqual({
      name,
      wrong: [],
    });
    expect({ name, last: states.at(-1)?.state }).toEqual({ name, last: 'withdrawn' });
    before += states.some((one) => !one.after) ? 1 : 0;
  }
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(races);
});
