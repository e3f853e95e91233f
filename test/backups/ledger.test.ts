// C44: the ledger of erasures. Each erasure has its line, whatever fails on the way, and an alert says when lines wait.
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  leadDigest,
  ledgerParts,
  readLedger,
  refuseMissing,
  referenceDigest,
  writeLedger,
  type LedgerLine,
} from '../../src/backups/ledger.ts';
import { addressDigests, repeatSource } from '../../src/domain/opposition.ts';
import { createKeyRing } from '../../src/domain/key-ring.ts';
import { checkAlerts } from '../../src/delivery/background/alert-checks.ts';
import { noteErasedAddresses, noteErasedLead } from '../../src/store/backups/erasures-unwritten.ts';
import { insertConsents } from '../../src/store/leads/consents.ts';
import { openStoreHome, sealKeys, type StoreHome } from '../store/home.ts';

const oppositionKey = Buffer.alloc(32, 9);
let home: StoreHome;
let folder: string;

beforeEach(async () => {
  home = await openStoreHome();
  folder = mkdtempSync(join(tmpdir(), 'relais-ledger-'));
});
afterEach(async () => {
  await home.close();
  rmSync(folder, { recursive: true, force: true });
});

const write = (place: string | undefined = folder): Promise<boolean> =>
  writeLedger({ database: home.gateway, sealKeys, oppositionKey, folder: place });
const erased = (leadId: number): Promise<void> =>
  noteErasedLead(home.gateway, { clientId: 'essai', leadId, reference: `R-${leadId}` }, 'erased');
async function linesOf(atOnce?: number): Promise<readonly (readonly LedgerLine[])[]> {
  const parts: (readonly LedgerLine[])[] = [];
  for await (const part of ledgerParts(folder, sealKeys, atOnce)) parts.push(part);
  return parts;
}
const waiting = async (): Promise<number> =>
  (await home.owner.all('SELECT 1 FROM erasures_unwritten')).length;

test('a line finds its lead and its reference by the key alone, and remembers the highest ids', async () => {
  const id = await home.lead('R-1');
  await erased(id);
  await noteErasedAddresses(
    home.gateway,
    'essai',
    [Buffer.alloc(32, 1), Buffer.alloc(32, 2)],
    new Date('2026-11-01T10:00:00Z'),
  );
  await write();
  expect(await waiting()).toBe(0);
  const [lines = []] = await linesOf();
  const key = sealKeys.current();
  expect(await readLedger(folder, sealKeys)).toMatchObject({ lines: 2, cut: 0, highest: { leads: id } });
  expect(lines).toMatchObject([
    {
      act: 'erased',
      client: 'essai',
      lead: leadDigest(key, id),
      reference: referenceDigest(key, 'essai', `R-${id}`),
    },
    { act: 'addresses', at: '2026-11-01T10:00:00.000Z', addresses: ['01'.repeat(32), '02'.repeat(32)] },
  ]);
  expect(lines[0]?.highest['leads']).toBe(id);
  expect(leadDigest(createKeyRing([Buffer.alloc(32, 7)]).current(), id)).not.toBe(lines[0]?.lead);
});

test('C44: a withdrawal has a line with the keyed addresses, the time and the place in the order of receipt; a yes costs none', async () => {
  const id = await home.lead('R-1');
  await home.gateway.run("INSERT INTO prospects (lead_id, client_id, email) VALUES (?, 'essai', ?)", [
    id,
    'r-1@courriel.example',
  ]);
  const said = async (state: 'granted' | 'refused' | 'withdrawn', revision: number, source = 'centre') => {
    const recordedAt = new Date('2026-11-01T10:00:00Z');
    const event = { purpose: 'marketing', channel: 'email', state, recordedAt, source } as const;
    const [receipt] = await insertConsents(home.gateway, [
      { clientId: 'essai', leadId: id, revision, event },
    ]);
    return receipt;
  };
  await said('granted', 1);
  // It comes back with the row of the lead, or with its origin.
  await said('refused', 1);
  await said('withdrawn', 2, repeatSource(4_711));
  expect(await waiting()).toBe(0);
  const receipts = [await said('refused', 3), await said('withdrawn', 4)];
  expect(await waiting()).toBe(2);
  await write();
  const [[line] = []] = await linesOf();
  const digests = addressDigests(oppositionKey, 'essai', { email: 'r-1@courriel.example' });
  expect(line).toMatchObject({
    act: 'withdrawn',
    lead: leadDigest(sealKeys.current(), id),
    addresses: digests.map((digest) => digest.toString('hex')),
    said: ['refused', 'withdrawn'].map((state, at) => ({
      ...{ purpose: 'marketing', channel: 'email', state },
      ...{ at: '2026-11-01T10:00:00.000Z', receipt: receipts[at] },
    })),
  });
  // A version before would take a reference for that of an erased lead.
  expect(line).not.toHaveProperty('reference');
  expect(line?.highest['consents']).toBe(receipts[1]);
});

test('where the folder cannot be written the rows wait, and none is lost', async () => {
  await erased(1);
  const file = join(folder, 'a-file');
  writeFileSync(file, '');
  await expect(write(file)).rejects.toThrow();
  expect(await waiting()).toBe(1);
  await erased(2);
  await write();
  expect(await readLedger(folder, sealKeys)).toMatchObject({ lines: 2 });
});

test('a ledger of any length is read a part at a time', async () => {
  for (const lead of [1, 2, 3, 4, 5]) await erased(lead);
  await write();
  expect((await linesOf(2)).map((part) => part.length)).toEqual([2, 2, 1]);
});

test('a line that a crash cut off is left out, and the next ones are whole', async () => {
  await erased(1);
  await write();
  const [name = ''] = readdirSync(folder);
  appendFileSync(join(folder, name), '{"at":"2026-11-0');
  await erased(2);
  await write();
  expect(await readLedger(folder, sealKeys)).toMatchObject({ lines: 2, cut: 1 });
});

test('a line begins by itself: what another process cuts off at that moment, on a full disk, takes no line of ours with it', async () => {
  await erased(1);
  await write();
  const [name = ''] = readdirSync(folder);
  // As the file is after the other process has failed, and before our bytes are there.
  const ours = readFileSync(join(folder, name), 'utf8');
  writeFileSync(join(folder, name), `{"at":"2026-11-0${ours}`);
  expect(await readLedger(folder, sealKeys)).toMatchObject({ cut: 1, lines: 1 });
});

test('a ledger of which a person might come back is refused: a changed line, an unknown key, no file at all', async () => {
  await expect(readLedger(folder, sealKeys)).rejects.toMatchObject({ code: 'BACKUP-002' });
  await erased(1);
  await write();
  const [name = ''] = readdirSync(folder);
  const others = createKeyRing([Buffer.alloc(32, 7)]);
  await expect(readLedger(folder, others)).rejects.toThrow('RELAIS_SEAL_KEY_PREVIOUS');
  const text = readFileSync(join(folder, name), 'utf8');
  writeFileSync(join(folder, name), text.replace('"client":"essai"', '"client":"autre"'));
  await expect(readLedger(folder, sealKeys)).rejects.toThrow('was changed after it was written');
  writeFileSync(join(folder, name), '');
  expect(await readLedger(folder, sealKeys)).toEqual({
    ...{ lines: 0, cut: 0, newest: '', highest: {}, there: new Map(), written: {} },
  });
});

describe('C44: several hosts, a ledger each', () => {
  const [one, other] = ['one', 'other'].map((host) => (): string => join(folder, host));
  const nameOf = (place = ''): string => readFileSync(join(place, 'writer'), 'utf8').trim();
  const fileIn = (place = ''): string =>
    join(place, readdirSync(place).find((name) => name.endsWith('.jsonl')) ?? '');
  const refused = async (ledger: Readonly<Record<string, number>>, waived: readonly string[] = []) =>
    refuseMissing(await readLedger(folder, sealKeys), folder, { name: 'backup', ledger }, waived);
  let [first, second] = ['', ''];
  beforeEach(async () => {
    for (const [lead, place] of [
      [1, other],
      [2, other],
      [3, other],
      [4, one],
    ] as const) {
      await erased(lead);
      await write(place?.());
    }
    [first, second] = [nameOf(one?.()), nameOf(other?.())];
  });

  test('with all of them nothing is missing; the folder of one that is not there is named, and so is a later one of nobody', async () => {
    expect(first).not.toBe(second);
    await refused({});
    await refused({ [first]: 0, [second]: 2 });
    rmSync(other?.() ?? '', { recursive: true });
    for (const ledger of [{}, { [second]: 3 }])
      await expect(refused(ledger)).rejects.toMatchObject({
        code: 'BACKUP-002',
        message: expect.stringContaining(second) as string,
      });
    await refused({}, [second]);
    await expect(refused({}, [first, second])).rejects.toMatchObject({ code: 'USAGE-001' });
  });

  test('lines that are missing since the backup are noticed, in the middle and at the end; those before it are in the backup', async () => {
    const file = fileIn(other?.());
    const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
    const keep = (...kept: readonly number[]): void =>
      writeFileSync(file, kept.map((index) => `${lines[index] ?? ''}\n`).join(''));
    for (const kept of [[0, 2], [0, 1], [2]]) {
      keep(...kept);
      await expect(refused({ [first]: 0, [second]: 0 })).rejects.toMatchObject({ code: 'BACKUP-002' });
    }
    keep(2);
    await refused({ [first]: 0, [second]: 2 });
    keep(2, 0, 1);
    await refused({ [first]: 0, [second]: 0 });
  });

  test('what a crash repeats and what a process of the version before writes are no gap', async () => {
    const file = fileIn(other?.());
    appendFileSync(file, readFileSync(file, 'utf8').split('\n').filter(Boolean).at(-1) ?? '');
    await refused({});
    expect(await home.owner.all('SELECT name, written FROM ledger_writers ORDER BY written')).toEqual([
      { name: first, written: 1 },
      { name: second, written: 3 },
    ]);
  });
});

test('without a folder nothing is kept for it', async () => {
  await erased(1);
  await writeLedger({ database: home.gateway, sealKeys, oppositionKey, folder: undefined });
  expect(await waiting()).toBe(0);
});

test('lines that wait for five minutes are an alert', async () => {
  await erased(1);
  await home.owner.run('UPDATE erasures_unwritten SET at = TIMESTAMPADD(SECOND, -400, UTC_TIMESTAMP(3))');
  const published = { version: () => Promise.resolve(undefined) } as unknown as Parameters<
    typeof checkAlerts
  >[1];
  const quarantine = { each: () => Promise.resolve(0) } as unknown as Parameters<typeof checkAlerts>[2];
  await checkAlerts(home.gateway, published, quarantine);
  await checkAlerts(home.gateway, published, quarantine);
  expect(await home.owner.all("SELECT kind FROM alerts WHERE kind = 'ledger_late'")).toHaveLength(1);
});
