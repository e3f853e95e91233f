// Reads the recipient's acknowledgement of a file as an answer.
// Invariant: at most `maxAckBytes` are read, whatever size the recipient announces.
import type { Answer } from '../contract.ts';
import { readAt } from './drop.ts';
import type { Drop } from './drop.ts';
import type { FlowSettings } from './settings.ts';
import { pathAt } from './transports.ts';

const maxAckBytes = 1024 * 1024;

export async function readAck(
  drop: Drop,
  filled: string,
  settings: FlowSettings,
): Promise<{ readonly answer: Answer; readonly bytes: number } | 'TOO_LARGE' | undefined> {
  const path = pathAt(settings.server, filled);
  const size = await drop.size(path);
  if (size === undefined) return undefined;
  if (size > maxAckBytes) return 'TOO_LARGE';
  // The recipient announces the size, so it is not trusted.
  const read = await readAt(drop, path, maxAckBytes);
  if (read === 'longer') return 'TOO_LARGE';
  const text = new TextDecoder('utf-8').decode(read);
  return {
    answer: { status: 200, headers: {}, mediaType: mediaTypeOf(filled), text, truncated: false },
    bytes: read.length,
  };
}

function mediaTypeOf(path: string): string {
  if (path.endsWith('.json')) return 'application/json';
  return path.endsWith('.xml') ? 'application/xml' : 'text/csv';
}
