// C30, C32: two hundred races of deletion and anonymising against sending, replaying, correcting and erasing, judged by the log's
// own order: the lead's lock orders the entries of one lead.
import { replay } from '../../support/replay.ts';
import { setDestinationStatus } from '../../../src/support/suspend.ts';
import { recordOperation } from '../../../src/retention/register.ts';
import { startHttpRecipient, type HttpRecipient } from '../../connectors/servers/http.ts';
import { strangerRow, openGateway, webhookFiles, type Gateway } from '../../trip/gateway.ts';

const races = 100;
let crm: HttpRecipient;
let gateway: Gateway;

beforeAll(async () => {
  crm = await startHttpRecipient();
  crm.answer = (request, response) => {
    const ref = (JSON.parse(request.body.toString() || '{}') as { ref?: string }).ref ?? 'x';
    setTimeout(
      () => response.writeHead(200).end(JSON.stringify({ success: true, id: `CRM-${ref}` })),
      Math.random() * 15,
    );
  };
  gateway = await openGateway({ files: webhookFiles(crm.port, { extra: 'limits: { concurrency: 20 }' }) });
  await gateway.app.publishing.publish({ destinationId: 'essai-crm', author: 'tester', note: 'first' });
  await gateway.start('planner', 'worker', 'worker');
  await gateway.send(strangerRow('warm'));
  await gateway.until(
    'warm',
    async () => (await gateway.states("l.reference = 'warm'"))[0]?.state === 'delivered',
  );
});
afterAll(async () => {
  await gateway.close();
  await crm.close();
});

interface Entry {
  readonly id: number;
  readonly entry: string;
  readonly action: string;
  /** Milliseconds. */
  readonly at: number;
}

async function leadNamed(reference: string): Promise<number> {
  let id = 0;
  await gateway.until('taken in', async () => {
    const [row] = await gateway.owner.all<{ id: number }>('SELECT id FROM leads WHERE reference = ?', [
      reference,
    ]);
    id = row?.id ?? 0;
    return id > 0;
  });
  return id;
}

async function makeDue(kind: 'purge' | 'anonymise', reference: string, id: number): Promise<void> {
  if (kind === 'anonymise')
    await gateway.owner.run("UPDATE leads SET collected_at = '2021-06-02 11:00:00' WHERE id = ?", [id]);
  else
    await recordOperation(gateway.app.database, {
      clientId: 'essai',
      code: `OP-${reference}`,
      kind: 'one_off',
      endsOn: '2026-06-30',
      recordedBy: 'tester',
    });
}

const correct = (reference: string): Promise<unknown> =>
  gateway.send({
    client_id: 'essai',
    kind: 'correction',
    reference,
    row_reference: `${reference}-c`,
    city: 'Lyon',
  });

/** What else goes on with the lead at the same time. */
async function beside(index: number, reference: string): Promise<void> {
  await new Promise((done) => setTimeout(done, Math.random() * 300));
  const [delivery] = await gateway.states(`l.reference = '${reference}'`);
  if (index % 4 === 1 && delivery !== undefined)
    await replay(gateway.app, [delivery.id], { actor: 'tester', reason: 'race', again: true });
  if (index % 4 === 2) await correct(reference);
  if (index % 4 === 3)
    await gateway.app.rights
      .erase({ clientId: 'essai', reference, actor: 'tester', reason: 'race' })
      // It was deleted first.
      .catch((error: unknown) => expect(error).toMatchObject({ code: 'FIND-001' }));
}

async function race(kind: 'purge' | 'anonymise'): Promise<ReadonlyMap<string, readonly Entry[]>> {
  // The planner works at the same runs by itself.
  const { retention } = gateway.app;
  const ids = new Map<string, number>();
  let working = true;
  const steps = async (): Promise<void> => {
    while (working) {
      await retention.finish(await retention.begin('essai', 'tester'));
      await new Promise((done) => setTimeout(done, 30));
    }
  };
  const retaining = steps();
  const take = async (reference: string): Promise<number> => {
    await gateway.send(strangerRow(reference, kind === 'purge' ? { operation: `OP-${reference}` } : {}));
    const id = await leadNamed(reference);
    ids.set(reference, id);
    return id;
  };
  // One goes before it can leave, for certain.
  const by = { actor: 'tester', reason: 'race' };
  await setDestinationStatus(gateway.app.database, 'essai-crm', 'suspended', by);
  await makeDue(kind, `${kind}-first`, await take(`${kind}-first`));
  await gateway.until(
    'the first has gone',
    async () =>
      (await gateway.owner.all('SELECT 1 FROM leads WHERE reference = ?', [`${kind}-first`])).length === 0,
  );
  await setDestinationStatus(gateway.app.database, 'essai-crm', 'active', by);
  await Promise.all(
    Array.from({ length: races }, async (_, index) => {
      const reference = `${kind}-${index}`;
      await new Promise((done) => setTimeout(done, index * 30));
      const id = await take(reference);
      if (index % 8 === 0)
        await gateway.until(
          'departed',
          async () =>
            (
              await gateway.owner.all("SELECT 1 FROM handovers WHERE lead_id = ? AND entry = 'departed'", [
                id,
              ])
            ).length > 0,
        );
      const others = beside(index, reference);
      await makeDue(kind, reference, id);
      await others;
    }),
  );
  working = false;
  await retaining;
  // Whatever waited for something under way goes now.
  await gateway.until('all gone', async () => {
    await gateway.owner.run('UPDATE retention_items SET next_at = UTC_TIMESTAMP(3)');
    await retention.finish(await retention.begin('essai', 'tester'));
    const left = await gateway.owner.all('SELECT id FROM leads WHERE reference LIKE ?', [`${kind}-%`]);
    // A run that read a lead just before its deletion still drops its item.
    const items = await gateway.owner.all('SELECT lead_id FROM retention_items');
    return left.length === 0 && items.length === 0;
  });
  // One comes too late for certain; by chance more did.
  await correct(`${kind}-0`);
  const histories = new Map<string, readonly Entry[]>();
  for (const [name, id] of ids)
    histories.set(
      name,
      await gateway.owner.all<Entry>(
        'SELECT id, entry, action, FLOOR(UNIX_TIMESTAMP(at) * 1000) AS at FROM handovers WHERE lead_id = ? ORDER BY id',
        [id],
      ),
    );
  return histories;
}

/** Of both kinds: a refused correction of the first race stands in the second too. */
const allHistories = new Map<string, readonly Entry[]>();

/** No row stands of a lead that is gone, but a correction that came after it and was refused: support may mend its reference. */
async function noRowsButLater(): Promise<void> {
  await gateway.until(
    'rows worked on',
    async () => (await gateway.owner.all("SELECT 1 FROM lead_intake WHERE status = 'new'")).length === 0,
  );
  const rows = await gateway.owner.all<{ reference: string; kind: string; settled: number }>(
    'SELECT reference, kind, FLOOR(UNIX_TIMESTAMP(settled_at) * 1000) AS settled FROM lead_intake',
  );
  expect(rows.length).toBeGreaterThan(0);
  for (const row of rows) {
    const gone = allHistories
      .get(row.reference)
      ?.find((one) => one.entry === 'purged' || one.entry === 'anonymised');
    expect({ ...row, later: row.settled >= (gone?.at ?? Infinity) }).toEqual({
      ...{ ...row, kind: 'correction' },
      later: true,
    });
  }
}

test.each([
  ['C30', 'purge', 'purged'],
  ['C32', 'anonymise', 'anonymised'],
] as const)(
  '%s: in a race with sending, nothing departs after the %s, and nobody is told to delete but by a right',
  async (_clause, kind, entry) => {
    let before = 0;
    const histories = await race(kind);
    for (const [name, entries] of histories) allHistories.set(name, entries);
    for (const [name, entries] of histories) {
      const gone = entries.find((one) => one.entry === entry)?.id ?? 0;
      expect({ name, gone: gone > 0 }).toEqual({ name, gone: true });
      const departed = entries.filter((one) => one.entry === 'departed' && one.action !== 'erase');
      expect({ name, after: departed.filter((one) => one.id > gone) }).toEqual({ name, after: [] });
      const told = entries.some((one) => one.entry === 'departed' && one.action === 'erase');
      const right = entries.some((one) => one.entry === 'erased');
      // An erasure is told to who may hold the lead before its shell goes; without one nobody hears anything.
      expect({ name, told }).toEqual({ name, told: right && departed.length > 0 });
      before += departed.length > 0 ? 1 : 0;
    }
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(histories.size);
    await noRowsButLater();
    // The one that warmed up.
    for (const table of ['prospects', 'deliveries', 'leads'])
      expect([
        table,
        (await gateway.owner.all<{ n: number }>(`SELECT COUNT(*) AS n FROM ${table}`))[0]?.n,
      ]).toEqual([table, 1]);
  },
);
