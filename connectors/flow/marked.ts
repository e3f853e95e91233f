// Uploads a file where the server forbids renaming: under its final name, then a marker that declares it whole.
// Invariant: the marker comes last, after the size was read back; a file with a marker is never written again.
import { contentOfText } from './content.ts';
import { comparedAt, dropFailure, type Content, type Drop } from './drop.ts';
import { pathIn, type Upload, type UploadProgress, type UploadResult } from './upload.ts';

export async function uploadMarked(
  drop: Drop,
  work: Upload,
  { suffix, isFirst }: { readonly suffix: string; readonly isFirst: boolean },
  note: (progress: UploadProgress) => void,
): Promise<UploadResult> {
  if (!(await drop.isFolder(work.folder === '' ? '.' : work.folder))) return 'FOLDER_MISSING';
  const final = pathIn(work.folder, work.name);
  const marker = final + suffix;
  if ((await drop.size(marker)) !== undefined) {
    const found = await comparedAt(drop, final, work.content);
    // An earlier attempt made the marker, and the recipient has taken the file; before the first, the marker is not ours.
    if (found === 'nothing') return isFirst ? 'NAME_TAKEN' : 'there';
    return found === 'same' ? 'there' : 'NAME_TAKEN';
  }
  note('content');
  if ((await placeDirectly(drop, final, work.content)) === 'NAME_TAKEN') return 'NAME_TAKEN';
  if (work.sidecar !== undefined) {
    const sidecar = pathIn(work.folder, work.sidecar.name);
    if ((await placeDirectly(drop, sidecar, await work.sidecar.content())) === 'NAME_TAKEN')
      return 'NAME_TAKEN';
  }
  note('renaming');
  await drop.write(marker, contentOfText(''));
  note('appeared');
  if ((await drop.size(marker)) === undefined) throw dropFailure('SIZE_MISMATCH');
  note('standing');
  return 'created';
}

/** Continues our own upload that was cut off; any other file under the name is not ours to replace. */
async function placeDirectly(drop: Drop, path: string, content: Content): Promise<'written' | 'NAME_TAKEN'> {
  switch (await comparedAt(drop, path, content)) {
    case 'same':
      return 'written';
    case 'other':
      return 'NAME_TAKEN';
    case 'nothing':
    case 'beginning':
      break;
  }
  await drop.write(path, content);
  if ((await drop.size(path)) !== (await content.size())) throw dropFailure('SIZE_MISMATCH');
  return 'written';
}
