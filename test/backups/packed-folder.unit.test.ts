// A folder of a backup, packed and read again; a folder that cannot be read is in drill.test.ts.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { extract } from 'tar';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { packFolder } from '../../src/backups/dump.ts';
import { readPacked } from '../../src/backups/packed.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'relais-packed-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('C42: a folder is packed with all below it', async () => {
  const identity = await generateIdentity();
  mkdirSync(join(folder, 'mappings/été'), { recursive: true });
  writeFileSync(join(folder, 'mappings/été/crm.yaml'), 'destination: été\n');
  mkdirSync(join(folder, 'back'));
  const path = join(folder, 'mappings.tar.zst.age');
  await packFolder(join(folder, 'mappings'), path, await identityToRecipient(identity));
  const file = join(folder, 'mappings.tar');
  writeFileSync(file, await buffer(await readPacked(path, identity)));
  await extract({ file, cwd: join(folder, 'back') });
  expect(readFileSync(join(folder, 'back/été/crm.yaml'), 'utf8')).toBe('destination: été\n');
});
