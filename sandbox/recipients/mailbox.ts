// Runs Littoral's mailbox: an SMTP server with STARTTLS and a login that stores every mail as a file a mail program opens.
// Invariant: a mail is on disk before it is acknowledged; the record is read back from those files.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';
import type { Certificate } from './identity.ts';
import type { Received, DemoRecipient } from './record.ts';

export interface Mailbox extends DemoRecipient {
  readonly port: number;
  /** Refuses the old password from now on, and cuts the open connections. */
  readonly changePassword: (password: string) => void;
}

export interface MailboxOptions {
  readonly certificate: Certificate;
  readonly login: { readonly user: string; readonly password: string };
  readonly folder: string;
  readonly destination: string;
  /** The only mailboxes served here, lower-case. */
  readonly addresses: readonly string[];
}

export async function startMailbox(options: MailboxOptions): Promise<Mailbox> {
  const { folder, login, certificate } = options;
  mkdirSync(folder, { recursive: true });
  let count = 0;
  let { password } = login;
  const server = new SMTPServer({
    key: certificate.key,
    cert: certificate.cert,
    authMethods: ['PLAIN', 'LOGIN'],
    authOptional: false,
    allowInsecureAuth: false,
    closeTimeout: 500,
    onAuth(auth, _session, done) {
      if (auth.username === login.user && auth.password === password) done(null, { user: login.user });
      else done(Object.assign(new Error('wrong login'), { responseCode: 535 }));
    },
    onRcptTo({ address }, _session, done) {
      if (options.addresses.includes(address.toLowerCase())) done();
      else done(Object.assign(new Error('no such mailbox'), { responseCode: 550 }));
    },
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        count += 1;
        writeFileSync(join(folder, `${String(count).padStart(4, '0')}.eml`), Buffer.concat(chunks));
        done();
      });
    },
  });
  server.on('error', () => undefined);
  const sockets = new Set<Socket>();
  server.server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    destination: options.destination,
    place: folder,
    port: (server.server.address() as AddressInfo).port,
    changePassword: (changed) => {
      password = changed;
      for (const socket of sockets) socket.destroy();
    },
    read: async () => await readMailbox(folder, options.destination),
    sample: () => firstMail(folder),
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(resolve);
      });
    },
  };
}

async function firstMail(folder: string): ReturnType<DemoRecipient['sample']> {
  const [file] = mailsIn(folder);
  if (file === undefined) return undefined;
  const mail = await simpleParser(readFileSync(join(folder, file)));
  const head = [
    `From: ${mail.from?.text ?? ''}`,
    `To: ${[mail.to].flat()[0]?.text ?? ''}`,
    `Subject: ${mail.subject ?? ''}`,
    `Message-ID: ${mail.messageId ?? ''}`,
  ];
  return {
    title: 'Mail by SMTP with STARTTLS to leads@littoral.example (text part)',
    text: [...head, '', (mail.text ?? '').trim()].join('\n'),
    optInLines: /^>> /,
  };
}

const mailsIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.eml'))
    .sort();

/** Opt-ins of Littoral's contract; the lead sheet writes them as `words (FIELD) : value`. */
const optInLine = /^(?:>> )?[^:]*\((OPTIN_EMAIL|OPTIN_TEL|NEWSLETTER)\)\s*:\s?(.*)$/;

export async function readMailbox(
  folder: string,
  destination: string,
): Promise<{ readonly received: readonly Received[]; readonly complaints: readonly string[] }> {
  const kept = new Map<string, Received & { times: number }>();
  const complaints: string[] = [];
  for (const name of mailsIn(folder)) {
    const mail = await simpleParser(readFileSync(join(folder, name)));
    const key = /^<?([^@<>]+)@/.exec(mail.messageId ?? '')?.[1];
    const subject = mail.subject ?? '';
    const reference = /\bLT-[A-Za-z0-9._-]+/.exec(subject)?.[0];
    if (key === undefined || reference === undefined) {
      complaints.push(`${join(folder, name)} has no readable Message-ID or reference`);
      continue;
    }
    // A mail program shows one mail per Message-ID, however often it was sent.
    const before = kept.get(key);
    if (before !== undefined) before.times += 1;
    else
      kept.set(key, {
        destination,
        key,
        reference,
        action: /^mise à jour/i.test(subject) ? 'update' : /effacement/i.test(subject) ? 'erase' : 'create',
        optIn: optInOf(mail.text ?? ''),
        times: 1,
        place: join(folder, name),
      });
  }
  return { received: [...kept.values()], complaints };
}

function optInOf(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const [, field, value] = optInLine.exec(line) ?? [];
    // The first one counts: a later comment cannot pass for an opt-in.
    if (field !== undefined) found[field] ??= (value ?? '').trim();
  }
  return found;
}
