// Sends a file as the attachment of one mail, or tests the mail server without one.
// Invariant: all mailboxes get it or none does; nothing is sent again automatically once the content began to be sent.
import type { Evidence, Outcome, SendContext, Tested } from '../../contract.ts';
import { bareHost, startDeadline, textRecords } from '../../guard.ts';
import { bareMailbox } from '../../mail/addresses.ts';
import { checkRecord, dkimKeyOf, recordName, signed, type DkimKey } from '../../mail/dkim.ts';
import { mailBytes, type Attachment } from '../../mail/mime.ts';
import { providerHeaders } from '../../mail/provider-headers.ts';
import { replyCode, smtpOutcome } from '../../mail/reply.ts';
import { serverOf, type ResolvedServer } from '../../mail/server.ts';
import { createMailCarrier } from '../../mail/smtp.ts';
import { dropCodeOf, type Content } from '../drop.ts';
import type { HandedFile } from '../transport.ts';
import { letterOfFile } from './letter.ts';
import { bytesAtMost, type MailServer } from './settings.ts';

const carrier = createMailCarrier();

export async function sendFile(file: HandedFile, server: MailServer, context: SendContext): Promise<Outcome> {
  const ready = readyFor(server, context);
  if (!ready.ok) return { kind: 'unauthorized', reason: ready.reason };
  const most = bytesAtMost(server);
  const attachments = await attached(file, most);
  if (typeof attachments === 'string') return attachmentOutcome(attachments);
  const letter = letterOfFile(file, server);
  const headers = { ...letter.headers, ...providerHeaders(ready.server.host, letter.messageId) };
  const clear = await mailBytes({ ...letter, headers, attachments });
  if (clear.length > most) return attachmentOutcome('TOO_LARGE');
  const bytes = ready.dkim === undefined ? clear : signed(clear, ready.dkim);
  const deadline = startDeadline({ ...context, totalMs: context.timeouts.totalMs });
  try {
    const envelope = { from: bareMailbox(server.from), to: file.targets, allOrNone: true };
    const sessions = carrier.sessions(context.network);
    const sent = await sessions.send(ready.server, envelope, bytes, context.timeouts, deadline);
    const seen: Evidence = { host: bareHost(ready.server.host), durationMs: deadline.elapsedMs() };
    if (!sent.ok) return smtpOutcome(sent.error, sent.contentStarted, seen);
    const status = replyCode(sent.reply);
    const evidence = { ...seen, ...(status === undefined ? {} : { status }), answerBytes: sent.reply.length };
    return { kind: 'unconfirmed', evidence };
  } finally {
    deadline.clear();
  }
}

/** Connects, logs in, and compares the signing key with the one in DNS. */
export async function testServer(server: MailServer, context: SendContext): Promise<Tested> {
  const ready = readyFor(server, context);
  if (!ready.ok) return { kind: 'unauthorized', reason: ready.reason };
  const deadline = startDeadline({ ...context, totalMs: context.timeouts.totalMs });
  const seen = (): Evidence => ({ host: bareHost(ready.server.host), durationMs: deadline.elapsedMs() });
  try {
    await carrier.sessions(context.network).probe(ready.server, context.timeouts, deadline);
    if (ready.dkim === undefined) return { kind: 'accepted', evidence: seen() };
    const { reason, note } = checkRecord(ready.dkim, await textRecords(recordName(ready.dkim), undefined));
    return reason === undefined
      ? { kind: 'accepted', notes: [note], evidence: seen() }
      : { kind: 'invalid', reason, notes: [note], evidence: seen() };
  } catch (error) {
    return smtpOutcome(error, false, seen());
  } finally {
    deadline.clear();
  }
}

export async function closeSessions(): Promise<void> {
  carrier.close();
  await Promise.resolve();
}

type Ready =
  | { readonly ok: true; readonly server: ResolvedServer; readonly dkim: DkimKey | undefined }
  | { readonly ok: false; readonly reason: string };

function readyFor({ smtp, dkim }: MailServer, { secret }: SendContext): Ready {
  const server = serverOf(smtp, secret);
  if (!server.ok) return server;
  const key = dkimKeyOf(dkim, secret);
  return key.ok ? { ok: true, server: server.server, dkim: key.key } : key;
}

type Unattached = 'TOO_LARGE' | 'CONTENT_LOST';

/** A mail is in memory whole: no more of a file is read than may be sent. */
async function attached(
  { name, mediaType, content, sidecar }: HandedFile,
  most: number,
): Promise<readonly Attachment[] | Unattached> {
  const bytes = await wholeOf(content, most);
  if (typeof bytes === 'string') return bytes;
  const file = { name, mediaType, bytes };
  if (sidecar === undefined) return [file];
  const control = await wholeOf(await sidecar.content(), most);
  return typeof control === 'string'
    ? control
    : [file, { name: sidecar.name, mediaType: 'text/plain; charset=utf-8', bytes: control }];
}

async function wholeOf(content: Content, most: number): Promise<Uint8Array | Unattached> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const piece of content.pieces()) {
      size += piece.length;
      if (size > most) return 'TOO_LARGE';
      pieces.push(piece);
    }
  } catch (error) {
    if (dropCodeOf(error) === undefined) throw error;
    return 'CONTENT_LOST';
  }
  return Buffer.concat(pieces);
}

const attachmentOutcome = (why: Unattached): Outcome =>
  why === 'TOO_LARGE'
    ? { kind: 'invalid', reason: 'MESSAGE_TOO_LARGE' }
    : { kind: 'unavailable', reason: why, maybeReceived: false };
