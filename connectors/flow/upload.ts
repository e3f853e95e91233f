// Puts a batch's file, and its control file, into a drop: temporary name, size check, rename.
// Invariant: a final name never shows a partial file and is never replaced; sending the same batch again has the same result.
import { comparedAt, dropFailure, type Content, type Drop } from './drop.ts';

export interface Upload {
  readonly folder: string;
  readonly name: string;
  readonly content: Content;
  readonly tempSuffix: string;
  /** Made after the data file was written: it contains the digest of the bytes sent. */
  readonly sidecar?: { readonly name: string; readonly content: () => Promise<Content> };
}

/** Progress of an upload, for the outcome when it breaks off; `appeared`: the file exists, and its size has not been read back. */
export type UploadProgress = 'nothing' | 'content' | 'renaming' | 'appeared' | 'standing';

export type UploadResult = 'created' | 'there' | 'NAME_TAKEN' | 'FOLDER_MISSING';

export async function upload(
  drop: Drop,
  work: Upload,
  note: (progress: UploadProgress) => void,
): Promise<UploadResult> {
  if (!(await drop.isFolder(work.folder === '' ? '.' : work.folder))) return 'FOLDER_MISSING';
  const data = await place(drop, work, work.name, work.content, note);
  if (data === 'NAME_TAKEN') return data;
  note('standing');
  if (work.sidecar === undefined) return data;
  // After the data file: a reader that waits for the control file then finds the data complete.
  const sidecar = await place(drop, work, work.sidecar.name, await work.sidecar.content(), () => undefined);
  return sidecar === 'NAME_TAKEN' ? sidecar : data;
}

async function place(
  drop: Drop,
  work: Upload,
  name: string,
  content: Content,
  note: (progress: UploadProgress) => void,
): Promise<'created' | 'there' | 'NAME_TAKEN'> {
  const final = pathIn(work.folder, name);
  const temporary = final + work.tempSuffix;
  switch (await comparedAt(drop, final, content)) {
    case 'same':
      // Our own file, from an attempt whose answer was lost.
      if (drop.appearsWhole !== true) await drop.remove(temporary);
      return 'there';
    case 'beginning':
    case 'other':
      return 'NAME_TAKEN';
    case 'nothing':
      break;
  }
  if (drop.appearsWhole === true) {
    // A failure from here on may come after the whole file arrived.
    note('renaming');
    await drop.write(final, content);
    note('appeared');
    if ((await drop.size(final)) !== (await content.size())) throw dropFailure('SIZE_MISMATCH');
    return 'created';
  }
  note('content');
  // A crash may have left a longer one; not every server truncates on opening.
  await drop.remove(temporary);
  await drop.write(temporary, content);
  if ((await drop.size(temporary)) !== (await content.size())) {
    await drop.remove(temporary);
    throw dropFailure('SIZE_MISMATCH');
  }
  note('renaming');
  await drop.moveNew(temporary, final);
  note('appeared');
  if ((await drop.size(final)) !== (await content.size())) throw dropFailure('SIZE_MISMATCH');
  return 'created';
}

/** `folder/name`; an empty folder is the login folder. */
export function pathIn(folder: string, name: string): string {
  if (folder === '') return name;
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`;
}
