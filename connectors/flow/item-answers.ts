// Finds the acknowledgement of a file at the recipient, and reads it line by line.
// Invariant: it is streamed; the bytes read are limited by the leads of the file, whatever size the recipient announces.
import { createHash } from 'node:crypto';
import type { AckRead, BatchFacts, ItemAnswers, Parcel, TakeAnswers } from '../contract.ts';
import type { Drop } from './drop.ts';
import type { LineSettings } from './line-settings.ts';
import { unreadCode } from './line-text.ts';
import { fillName, inPieces } from './names.ts';
import { lineReader } from './read-lines.ts';
import { atDrop } from './reached.ts';
import { timezoneOf, type FlowSettings } from './settings.ts';
import { pathAt } from './transports.ts';

const smallestBytes = 1024 * 1024;
const bytesOfLead = 4096;
const largestBytes = 1024 * 1024 * 1024;
const mostPieces = 500;

export const itemAnswers: ItemAnswers<FlowSettings> = {
  namedBy: ({ ack }) =>
    ack?.lines === undefined ? undefined : ack.lines.key === undefined ? 'reference' : 'key',
  pieces: ({ ack }) => (inPieces(ack?.path ?? '') ? mostPieces : 1),
  async read(parcel, settings, context, { piece, take }) {
    const { ack } = settings;
    if (parcel.batch === undefined || ack?.lines === undefined) return { kind: 'nothing' };
    const { lines } = ack;
    const path = pathOf(parcel, settings, ack.path, piece);
    const most = Math.min(largestBytes, smallestBytes + parcel.batch.rows * bytesOfLead);
    let read: AckRead = { kind: 'nothing' };
    const outcome = await atDrop(
      settings,
      context,
      () => 'nothing',
      async (drop, seen, renew) => {
        // Settling the named leads counts as progress, however long all of them take.
        const taking: TakeAnswers = (answers) => take(answers).then(renew);
        read = await readPiece(drop, path, { most, lines, take: taking });
        return { kind: 'pending', evidence: seen() };
      },
    );
    return outcome.kind === 'pending' ? read : { kind: 'failed', outcome };
  },
};

/** The line of the preview with the path of the acknowledgement. */
export function ackHead(parcel: Parcel, batch: BatchFacts, settings: FlowSettings): readonly string[] {
  const { ack } = settings;
  if (ack === undefined) return [];
  const path = fillName(ack.path, { ...parcel, batch, piece: 1, timezone: timezoneOf(settings) });
  return [`acknowledgement: ${path}${ack.lines === undefined ? '' : ' (a line for each lead)'}`];
}

function pathOf(parcel: Parcel, settings: FlowSettings, pattern: string, piece: number): string {
  const batch = parcel.batch ?? { sequence: 0, slot: parcel.writtenAt };
  const filled = fillName(pattern, { ...parcel, batch, piece, timezone: timezoneOf(settings) });
  return pathAt(settings.server, filled);
}

interface Reading {
  readonly most: number;
  readonly lines: LineSettings;
  readonly take: TakeAnswers;
}

async function readPiece(drop: Drop, path: string, { most, lines, take }: Reading): Promise<AckRead> {
  const size = await drop.size(path);
  if (size === undefined) return { kind: 'nothing' };
  if (size > most) return { kind: 'unreadable', code: 'TOO_LARGE', bytes: size };
  const hash = createHash('sha256');
  const reader = lineReader(lines, take);
  let bytes = 0;
  try {
    const end = await drop.each(path, most, async (piece) => {
      hash.update(piece);
      bytes += piece.length;
      await reader.write(piece);
    });
    if (end === 'longer') return { kind: 'unreadable', code: 'TOO_LARGE', bytes };
    await reader.end();
  } catch (error) {
    const code = unreadCode(error);
    if (code === undefined) throw error;
    return { kind: 'unreadable', code, bytes };
  }
  return { kind: 'read', bytes, digest: hash.digest() };
}
