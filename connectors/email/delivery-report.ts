// Reads a mail that came to the return path: a delivery report (RFC 3464), a program's reply, or anything else. mailsplit reads MIME.
// Invariant: of a report only addresses and codes are taken, never its words; what cannot be read is `other`, never an error.
import type { SplitterChunk } from '@zone-eu/mailsplit';
import type { Returned } from '../contract.ts';

/** A mail, as far as it matters here. */
interface Read {
  readonly report: string | undefined;
  readonly autoSubmitted: string;
}

export async function readReturned(source: Buffer): Promise<Returned> {
  const text = source.toString('latin1');
  const { report, autoSubmitted } = await partsOf(source).catch(() => nothing);
  if (report !== undefined) return { text, kind: 'report', failures: failuresIn(report) };
  // A program that answers a mail says so (RFC 3834): it has been received.
  return { text, kind: autoSubmitted.startsWith('auto-replied') ? 'reply' : 'other', failures: [] };
}

const nothing: Read = { report: undefined, autoSubmitted: '' };

/** The parts of the mail itself; one that it carries is not looked into. */
async function partsOf(source: Buffer): Promise<Read> {
  const { Splitter } = await import('@zone-eu/mailsplit');
  const splitter = new Splitter({ ignoreEmbedded: true, maxHeadSize: 64 * 1024 });
  splitter.end(source);
  let autoSubmitted = '';
  let decoder: NodeJS.ReadWriteStream | undefined;
  for await (const part of splitter as AsyncIterable<SplitterChunk>) {
    if (part.type === 'body') decoder?.write(part.value);
    if (part.type !== 'node') continue;
    if (part.root) autoSubmitted = headerOf(part, 'auto-submitted').toLowerCase();
    // The first report counts.
    if (decoder !== undefined) break;
    if (/^message\/(global-)?delivery-status$/i.test(part.contentType || '')) decoder = part.getDecoder();
  }
  if (decoder === undefined) return { report: undefined, autoSubmitted };
  decoder.end();
  const bytes: Buffer[] = [];
  for await (const chunk of decoder) bytes.push(Buffer.from(chunk));
  return { report: Buffer.concat(bytes).toString('latin1'), autoSubmitted };
}

/** The library's own type of headers is not exported. */
const headerOf = (part: object, name: string): string =>
  (part as { readonly headers: { getFirst: (key: string) => string } }).headers.getFirst(name).trim();

/**
 * `Action: failed` is the end, whatever its status: a server that put a mail off for days gives up with 4.4.7. `delayed` is none.
 */
function failuresIn(report: string): Returned['failures'] {
  const [, ...groups] = report.replaceAll('\r\n', '\n').split(/\n(?:[ \t]*\n)+/);
  return groups.flatMap((group) => {
    const fields = fieldsOf(group);
    if (fields.get('action')?.toLowerCase() !== 'failed') return [];
    // Of an alias the original is what we sent to.
    const target =
      addressOf(fields.get('original-recipient')) ?? addressOf(fields.get('final-recipient')) ?? '';
    const status = /^[245]\.\d{1,3}\.\d{1,3}(?=\s|$)/.exec(fields.get('status') ?? '')?.[0];
    return [{ target, code: status ?? 'UNSPECIFIED' }];
  });
}

function fieldsOf(group: string): ReadonlyMap<string, string> {
  const lines = group.replaceAll(/\n[ \t]+/g, ' ').split('\n');
  return new Map(
    lines.flatMap((line) => {
      const [, name, value] = /^([A-Za-z-]{1,60}):\s*(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name.toLowerCase(), value.trim()] as const];
    }),
  );
}

/** `rfc822; leads@horizon.example`. */
const addressOf = (value: string | undefined): string | undefined =>
  /^(?:rfc822|utf-8)\s*;\s*<?([^\s<>;]{1,320})>?$/i.exec(value ?? '')?.[1]?.toLowerCase();
