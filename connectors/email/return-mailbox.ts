// Reads the mailbox of the return path by IMAP over a guarded TLS socket. imapflow speaks the protocol.
// Invariant: a mail is removed only once it has been handled; a slow or endless server is cut off.
import type { Socket } from 'node:net';
import type { ImapFlow, ImapFlowOptions } from 'imapflow';
import type { Handled, Returned, ReturnsContext, ReturnsRead } from '../contract.ts';
import { connectCodeOf, endingOf, guardOf, startDeadline } from '../guard.ts';
import { readReturned } from './delivery-report.ts';

/** Mails that one reading puts away. Those that must wait do not count: a hundred of a client that has moved would hide all later ones. */
const most = 100;
/** Bytes read of each mail: a report precedes the mail that it returns. */
const mostBytes = 256 * 1024;
/** By mailbox the mail (UID) at which a reading was cut off: the next begins behind it, or mails that wait would hide later ones. */
const cutOffAt = new Map<string, number>();

interface Place {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly user: string;
  readonly password: string;
  readonly folder: string;
}

export async function readReturnMailbox(
  place: string,
  { network, signal, timeoutMs }: ReturnsContext,
  handle: (returned: Returned) => Promise<Handled>,
): Promise<ReturnsRead | { readonly ok: false; readonly code: string }> {
  const at = placeOf(place);
  if (at === undefined) return { ok: false, code: 'URL_MALFORMED' };
  if (!at.secure && !network.allowPlaintext) return { ok: false, code: 'PLAINTEXT_NOT_ALLOWED' };
  const { ImapFlow: Client } = await import('imapflow');
  const deadline = startDeadline({ totalMs: timeoutMs, signal, mayLeave: () => true });
  let client: ImapFlow | undefined;
  try {
    const guard = guardOf(network);
    const to = { host: at.host, port: at.port, timeoutMs, signal: deadline.signal };
    const socket = at.secure ? await guard.connectTls(to) : await guard.connect(to);
    client = new Client(optionsFor(socket, at));
    // An error appears in the command that it makes fail.
    client.on('error', () => undefined);
    return await deadline.race(readFolder(client, at, handle));
  } catch (error) {
    return { ok: false, code: codeOf(error) };
  } finally {
    deadline.clear();
    client?.close();
  }
}

function optionsFor(socket: Socket, { host, port, secure, user, password }: Place): ImapFlowOptions {
  return {
    host,
    port,
    secure,
    doSTARTTLS: false,
    auth: { user, pass: password },
    logger: false,
    disableAutoIdle: true,
    maxLineLength: 1024 * 1024,
    maxLiteralSize: 2 * mostBytes,
    maxResponseSize: 4 * mostBytes,
    // The socket is already connected, checked, and its certificate verified.
    transport: {
      connect: (_options, onConnect) => {
        setImmediate(onConnect);
        return socket;
      },
    },
  };
}

async function readFolder(
  client: ImapFlow,
  { host, user, folder }: Place,
  handle: (returned: Returned) => Promise<Handled>,
): ReturnType<typeof readReturnMailbox> {
  await client.connect();
  const lock = await client.getMailboxLock(folder);
  try {
    const mailbox = `${user}@${host}/${folder}`;
    const from = cutOffAt.get(mailbox) ?? 0;
    const unseen = (await client.search({ seen: false }, { uid: true })) || [];
    const found = [...unseen.filter((uid) => uid > from), ...unseen.filter((uid) => uid <= from)];
    const counts = { done: 0, later: 0, foreign: 0 };
    for (const uid of found) {
      if (counts.done + counts.foreign === most) break;
      cutOffAt.set(mailbox, uid);
      const message = await client.fetchOne(String(uid), { source: { maxLength: mostBytes } }, { uid: true });
      if (message === false || message.source === undefined) continue;
      // An unreadable mail stays for a person, and does not block the next one.
      const returned = await readReturned(message.source).catch(() => undefined);
      const handled = returned === undefined ? 'foreign' : await handle(returned);
      if (!(await putAway(client, String(uid), handled))) return { ok: false, code: 'IMAP_NOT_REMOVED' };
      counts[handled] += 1;
    }
    cutOffAt.delete(mailbox);
    const { done, foreign } = counts;
    return { ok: true, done, foreign, more: done + foreign === most };
  } finally {
    lock.release();
  }
}

/** False when the server did not do it: the mail would be read again without end. */
async function putAway(client: ImapFlow, uid: string, handled: Handled): Promise<boolean> {
  switch (handled) {
    case 'done':
      return client.messageDelete(uid, { uid: true });
    case 'foreign':
      return client.messageFlagsAdd(uid, [String.raw`\Seen`], { uid: true });
    case 'later':
      return true;
  }
}

/** `imaps://user:password@host:993/Folder`; INBOX when no folder is named. */
function placeOf(text: string): Place | undefined {
  const url = URL.parse(text);
  if (url === null || !['imap:', 'imaps:'].includes(url.protocol) || url.hostname === '') return undefined;
  const secure = url.protocol === 'imaps:';
  try {
    const folder = decodeURIComponent(url.pathname.slice(1));
    return {
      host: url.hostname,
      port: Number(url.port) || (secure ? 993 : 143),
      secure,
      user: decodeURIComponent(url.username),
      password: decodeURIComponent(url.password),
      folder: folder === '' ? 'INBOX' : folder,
    };
  } catch {
    return undefined;
  }
}

function codeOf(error: unknown): string {
  const { authenticationFailed, responseStatus } = (
    typeof error === 'object' && error !== null ? error : {}
  ) as { readonly authenticationFailed?: boolean; readonly responseStatus?: string };
  if (authenticationFailed === true) return 'IMAP_AUTH';
  if (responseStatus !== undefined) return 'IMAP_REFUSED';
  return endingOf(error) ?? connectCodeOf(error);
}
