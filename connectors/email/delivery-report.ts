// Reads a mail from the return path: a delivery report (RFC 3464), an automatic reply, or any other mail. mailsplit parses MIME.
// Invariant: only addresses and codes of a report are taken, never its words; an unreadable mail is `other`, never an error.
import type { SplitterChunk } from '@zone-eu/mailsplit';
import type { Returned } from '../contract.ts';

/** The parts of a mail that are used here. */
interface Read {
  readonly report: string | undefined;
  readonly autoSubmitted: string;
}

export async function readReturned(source: Buffer): Promise<Returned> {
  const text = source.toString('latin1');
  const { report, autoSubmitted } = await partsOf(source).catch(() => nothing);
  if (report !== undefined) return { text, kind: 'report', failures: failuresIn(report) };
  // An automatic reply declares itself (RFC 3834): the mail was received.
  return { text, kind: autoSubmitted.startsWith('auto-replied') ? 'reply' : 'other', failures: [] };
}

const nothing: Read = { report: undefined, autoSubmitted: '' };

/** The parts of the mail itself; an embedded mail is not opened. */
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

/** `Action: failed` is final, whatever its status: a server that deferred a mail for days gives up with 4.4.7. `delayed` is not. */
function failuresIn(report: string): Returned['failures'] {
  const [, ...groups] = report.replaceAll('\r\n', '\n').split(/\n(?:[ \t]*\n)+/);
  return groups.flatMap((group) => {
    const fields = fieldsOf(group);
    if (fields.get('action')?.toLowerCase() !== 'failed') return [];
    // For an alias, the original recipient is the address we sent to.
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
