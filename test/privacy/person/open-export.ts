// Opens an export as the data protection officer does: age, then the zip.
import { Decrypter } from 'age-encryption';
import { fromBuffer, type Entry, type ZipFile } from 'yauzl';
import type { PersonFile } from '../../../src/privacy/person/person-file.ts';

export interface OpenedExport {
  readonly data: PersonFile;
  readonly letter: string;
  /** All of it in clear. */
  readonly text: string;
}

export async function openExport(bytes: Uint8Array, identity: string): Promise<OpenedExport> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  const files = await filesIn(Buffer.from(await decrypter.decrypt(bytes)));
  const [json = '', letter = ''] = [files.get('donnees.json'), files.get('lettre.html')];
  return { data: JSON.parse(json) as PersonFile, letter, text: json + letter };
}

async function filesIn(zip: Buffer): Promise<ReadonlyMap<string, string>> {
  const file = await new Promise<ZipFile>((done, fail) =>
    fromBuffer(zip, { lazyEntries: true }, (error, opened) => (error ? fail(error) : done(opened))),
  );
  const files = new Map<string, string>();
  return new Promise((done, fail) => {
    file.on('entry', (entry: Entry) => {
      file.openReadStream(entry, (error, stream) => {
        if (error) return fail(error);
        const parts: Buffer[] = [];
        stream.on('data', (part: Buffer) => void parts.push(part));
        stream.on('end', () => {
          files.set(entry.fileName, Buffer.concat(parts).toString('utf8'));
          file.readEntry();
        });
      });
    });
    file.on('end', () => done(files));
    file.readEntry();
  });
}
