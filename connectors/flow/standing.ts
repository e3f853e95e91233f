// Looks up the state of a file at the recipient.
// Invariant: a file counts only when the recipient takes it as whole: under its final name, or with its marker where
// renaming is forbidden.
import { comparedAt } from './drop.ts';
import type { Content, Drop } from './drop.ts';
import type { FlowSettings } from './settings.ts';

/** `unfinished`: the recipient has not seen it. `nothing`: it, or its marker, never came or was removed. */
export type Standing = 'whole' | 'other' | 'unfinished' | 'nothing';

export async function whatStands(
  drop: Drop,
  file: string,
  content: Content,
  { marker, tempSuffix = '.part' }: Pick<FlowSettings, 'marker' | 'tempSuffix'>,
): Promise<Standing> {
  if (marker !== undefined && (await drop.size(file + marker)) === undefined)
    return await unmarked(drop, file, content);
  const at = await sameAt(drop, file, content);
  if (at === 'other') return 'other';
  if (at === 'same' || marker !== undefined) return 'whole';
  if (drop.appearsWhole === true) return 'nothing';
  // Only the rename removes the temporary file.
  return (await drop.size(file + tempSuffix)) === undefined ? 'nothing' : 'unfinished';
}

/** A recipient that removes the marker first leaves the whole file: another marker would have it read twice. */
async function unmarked(drop: Drop, file: string, content: Content): Promise<Standing> {
  if (content.isGone) return 'nothing';
  return (await comparedAt(drop, file, content)) === 'beginning' ? 'unfinished' : 'nothing';
}

/** Erased bytes cannot be compared: the file has its final name only once it was whole. */
async function sameAt(drop: Drop, file: string, content: Content): Promise<'nothing' | 'same' | 'other'> {
  if (content.isGone) return (await drop.size(file)) === undefined ? 'nothing' : 'same';
  const found = await comparedAt(drop, file, content);
  return found === 'beginning' ? 'other' : found;
}
