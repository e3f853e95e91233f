// What stands of a file at the recipient, for the question whether it arrived.
// Invariant: only what the recipient takes for whole counts: a final name, or where renaming is forbidden the marker beside it.
import { comparedAt } from './drop.ts';
import type { Content, Drop } from './drop.ts';
import type { FlowSettings } from './settings.ts';

/** `unfinished`: the recipient has not seen it. `nothing`: it, or its marker, never came or was taken away. */
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

/** A recipient that takes the marker away first leaves the whole file behind: another marker would have it read twice. */
async function unmarked(drop: Drop, file: string, content: Content): Promise<Standing> {
  if (content.isGone) return 'nothing';
  return (await comparedAt(drop, file, content)) === 'beginning' ? 'unfinished' : 'nothing';
}

/** Bytes that an erasure took away cannot be compared: a file stands under its final name only once it was whole. */
async function sameAt(drop: Drop, file: string, content: Content): Promise<'nothing' | 'same' | 'other'> {
  if (content.isGone) return (await drop.size(file)) === undefined ? 'nothing' : 'same';
  const found = await comparedAt(drop, file, content);
  return found === 'beginning' ? 'other' : found;
}
