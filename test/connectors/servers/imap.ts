// An IMAP server on loopback (RFC 3501, the part that a reader of one folder needs), over TLS, with login and faults.
import { createServer, type TLSSocket } from 'node:tls';
import type { AddressInfo } from 'node:net';
import type { Certificate } from './certificate.ts';

export interface StoredMail {
  readonly uid: number;
  readonly raw: Buffer;
  readonly flags: Set<string>;
}

export interface ImapServer {
  readonly port: number;
  readonly mails: StoredMail[];
  readonly deliver: (raw: string | Buffer) => void;
  readonly connections: () => number;
  readonly openNow: () => number;
  /** `hang`: says nothing more; `flood`: never stops talking; `drop`: closes before it removes. */
  fault: 'none' | 'hang' | 'flood' | 'drop';
  readonly close: () => Promise<void>;
}

export const imapUser = { user: 'retours', password: 'mot-de-passe-imap' };

export async function startImapServer(certificate: Certificate): Promise<ImapServer> {
  const sockets = new Set<TLSSocket>();
  let connections = 0;
  let nextUid = 1;
  const server = createServer({ key: certificate.key, cert: certificate.cert }, (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    if (imap.fault === 'flood') {
      const talk = setInterval(() => socket.write(`* OK ${'x'.repeat(60_000)}\r\n`), 1);
      socket.on('close', () => clearInterval(talk));
      return;
    }
    socket.write('* OK IMAP4rev1 ready\r\n');
    let waiting = '';
    socket.on('data', (chunk: Buffer) => {
      waiting += chunk.toString('latin1');
      for (let end = waiting.indexOf('\r\n'); end >= 0; end = waiting.indexOf('\r\n')) {
        const line = waiting.slice(0, end);
        waiting = waiting.slice(end + 2);
        if (imap.fault !== 'hang') answer(socket, imap, line);
      }
    });
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const imap: ImapServer = {
    port: (server.address() as AddressInfo).port,
    mails: [],
    deliver: (raw) => {
      imap.mails.push({ uid: nextUid, raw: Buffer.from(raw), flags: new Set() });
      nextUid += 1;
    },
    connections: () => connections,
    openNow: () => sockets.size,
    fault: 'none',
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
  return imap;
}

function answer(socket: TLSSocket, imap: ImapServer, line: string): void {
  const [, tag = '*', rest = ''] = /^(\S+) (.*)$/.exec(line) ?? [];
  const [, command = '', args = ''] = /^((?:UID )?\S+) ?(.*)$/i.exec(rest) ?? [];
  const say = (...lines: readonly string[]): void => void socket.write(`${lines.join('\r\n')}\r\n`);
  const ok = (...before: readonly string[]): void => say(...before, `${tag} OK done`);
  const range = /^\d+/.exec(args)?.[0];
  const index = imap.mails.findIndex(({ uid }) => uid === Number(range));
  const mail = imap.mails[index];
  switch (command.toUpperCase()) {
    case 'CAPABILITY':
      return ok('* CAPABILITY IMAP4rev1 UIDPLUS');
    case 'LOGIN':
      return args.replaceAll('"', '') === `${imapUser.user} ${imapUser.password}`
        ? ok()
        : say(`${tag} NO [AUTHENTICATIONFAILED] wrong login`);
    case 'LIST':
    case 'LSUB':
      return ok(`* ${command.toUpperCase()} (\\HasNoChildren) "/" "INBOX"`);
    case 'SELECT':
      return args.replaceAll('"', '').toUpperCase() === 'INBOX'
        ? ok(
            String.raw`* FLAGS (\Seen \Deleted)`,
            String.raw`* OK [PERMANENTFLAGS (\Seen \Deleted)] ok`,
            `* ${imap.mails.length} EXISTS`,
            '* OK [UIDVALIDITY 1] ok',
            '* OK [UIDNEXT 1000] ok',
          )
        : say(`${tag} NO no such folder`);
    case 'UID SEARCH':
      return ok(
        `* SEARCH ${imap.mails
          .filter(({ flags }) => !flags.has(String.raw`\Seen`))
          .map(({ uid }) => uid)
          .join(' ')}`.trimEnd(),
      );
    case 'UID FETCH': {
      if (mail === undefined) return ok();
      const most = Number(/BODY\.PEEK\[\]<0\.(\d+)>/i.exec(args)?.[1] ?? mail.raw.length);
      const bytes = mail.raw.subarray(0, most);
      socket.write(`* ${index + 1} FETCH (UID ${mail.uid} BODY[]<0> {${bytes.length}}\r\n`);
      socket.write(bytes);
      return ok(')');
    }
    case 'UID STORE':
      if (imap.fault === 'drop') return void socket.destroy();
      for (const [flag] of args.matchAll(/\\\w+/g)) mail?.flags.add(flag);
      return ok();
    case 'UID EXPUNGE':
    case 'EXPUNGE':
      if (mail?.flags.has(String.raw`\Deleted`) === true) {
        imap.mails.splice(index, 1);
        return ok(`* ${index + 1} EXPUNGE`);
      }
      return ok();
    case 'LOGOUT':
      say('* BYE', `${tag} OK done`);
      return void socket.end();
    default:
      return ok();
  }
}
