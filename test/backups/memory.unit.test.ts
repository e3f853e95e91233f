// Acceptance 4 of backups: what is in memory at once does not grow with the leads. Live objects are counted in the heap of a process of
// its own, by V8, after a full collection: neither time nor the size of the process.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'relais-memory-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const source = (path: string): string =>
  JSON.stringify(new URL(`../../src/${path}`, pathToFileURL(import.meta.filename)).href);

/** What the program prints as JSON; it has `folder`, `recipient`, `identity` and `alive`, which counts the objects of a class. */
async function counted(program: string): Promise<readonly number[]> {
  const text = `
    import { queryObjects as alive } from 'node:v8';
    import { generateIdentity, identityToRecipient } from 'age-encryption';
    const folder = ${JSON.stringify(folder)};
    const identity = await generateIdentity();
    const recipient = await identityToRecipient(identity);
    ${program}`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', text]);
  return JSON.parse(stdout) as readonly number[];
}

test('a file keeps nothing of what it has written', async () => {
  const [early = 0, late = 0] = await counted(`
    import { openSealed } from ${source('retention/sealed-files.ts')};
    const writer = await openSealed(folder, 'a.age', [recipient]);
    const kept = [];
    for (let part = 0; part < 4_000; part += 1) {
      await writer.write(Buffer.alloc(64, part));
      if (part === 1_000 || part === 3_999) kept.push(alive(Promise));
    }
    await writer.end();
    console.log(JSON.stringify(kept));`);
  expect(late - early).toBeLessThan(300);
});

test('a long copy has two pages of leads in memory at most, written and read back', async () => {
  const [written = 0, read = 0] = await counted(`
    import { writePersons, readPersons } from ${source('backups/long-copy.ts')};
    class Row {
      constructor(id) {
        this.id = this.lead_id = id;
        this.digest = Buffer.alloc(32, id);
      }
    }
    const leads = 2_500;
    let [rows, values, page] = [0, 0, 0];
    const database = {
      all: (text, marks = []) => {
        // The page's other tables are read by then, and the page before is written.
        if (text.includes('intake_receipts')) rows = Math.max(rows, alive(Row));
        if (!text.startsWith('SELECT id')) return Promise.resolve([...new Set(marks.flat())].map((id) => new Row(id)));
        const ids = Array.from({ length: leads }, (_, index) => ({ id: index + 1 }));
        return Promise.resolve(ids.slice(marks[0], marks[0] + 500));
      },
      run: () => Promise.resolve({}),
      transaction: async (work) => {
        await work(database);
        if ((page += 1) % 5 === 0) values = Math.max(values, alive(Uint8Array));
      },
    };
    const secrets = { read: (_, ids) => Promise.resolve(new Map(ids.map((id) => [id, Buffer.alloc(32, 1)]))) };
    const path = folder + '/long.zst.age';
    await writePersons({ path, recipient, database, secrets, upTo: leads });
    await readPersons(database, secrets, { path, identity });
    console.log(JSON.stringify([rows, values]));`);
  // Eleven tables of 500 leads; read back 200 leads at once. All together are 27,500.
  expect(written).toBeLessThanOrEqual(2 * 11 * 500);
  expect(read).toBeLessThan(2 * 11 * 500);
});
