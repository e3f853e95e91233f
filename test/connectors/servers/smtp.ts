// An SMTP recipient on loopback (smtp-server): STARTTLS, login, and every way to say no or to fall silent.
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import type { Certificate } from './certificate.ts';

export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: Buffer;
  readonly secure: boolean;
}

export interface SmtpRecipient {
  readonly port: number;
  readonly received: Mail[];
  readonly connections: () => number;
  /** Connections open now. */
  readonly openNow: () => Promise<number>;
  /** Reply codes to give; `reset` cuts, `hang` says nothing. */
  faults: {
    connect?: Fault;
    sender?: Fault;
    recipient?: (address: string) => Fault | undefined;
    content?: Fault;
  };
  /** Called for each mail, after its DATA and before the 354. */
  beforeGoAhead: () => void;
  /** Called for each piece of a content that comes in. */
  atPiece: () => void;
  /** Drops every session, as servers do with idle ones. */
  readonly cutIdle: () => void;
  readonly close: () => Promise<void>;
}

export type Fault = number | 'reset' | 'hang';

export const smtpUser = { user: 'relais', password: 'mot-de-passe-smtp' };
/** Text the server adds to refusals; must never be seen in an outcome. */
export const smtpSays = 'Bonjour Zoe Martin';

export async function startSmtpRecipient(
  certificate: Certificate | undefined,
  options: { readonly secure?: boolean } = {},
): Promise<SmtpRecipient> {
  let connections = 0;
  const open = new Set<{ destroy: () => void }>();
  const obey = (fault: Fault | undefined, callback: (error?: Error | null) => void): void => {
    if (fault === undefined) callback();
    else if (fault === 'reset') for (const socket of open) socket.destroy();
    else if (typeof fault === 'number') callback(Object.assign(new Error(smtpSays), { responseCode: fault }));
  };
  const server = new SMTPServer({
    ...(certificate === undefined
      ? { hideSTARTTLS: true, disabledCommands: ['STARTTLS'] }
      : { key: certificate.key, cert: certificate.cert }),
    secure: options.secure ?? false,
    authMethods: ['PLAIN', 'LOGIN'],
    allowInsecureAuth: true,
    authOptional: false,
    closeTimeout: 100,
    onAuth(auth, _session, callback) {
      if (auth.username === smtpUser.user && auth.password === smtpUser.password)
        callback(null, { user: auth.username });
      else callback(Object.assign(new Error(smtpSays), { responseCode: 535 }));
    },
    onConnect(_session, callback) {
      connections += 1;
      obey(recipient.faults.connect, callback);
    },
    onMailFrom(_address, _session, callback) {
      obey(recipient.faults.sender, callback);
    },
    onRcptTo(address, _session, callback) {
      obey(recipient.faults.recipient?.(address.address), callback);
    },
    onData(stream, session, callback) {
      recipient.beforeGoAhead();
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        recipient.atPiece();
      });
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        recipient.received.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map((one) => one.address),
          raw: Buffer.concat(chunks),
          secure: session.secure,
        });
        obey(recipient.faults.content, callback);
      });
    },
  });
  server.on('error', () => undefined);
  server.server.on(
    'connection',
    (socket: { destroy: () => void; on: (event: string, listener: () => void) => void }) => {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => open.delete(socket));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const recipient: SmtpRecipient = {
    port: (server.server.address() as AddressInfo).port,
    received: [],
    connections: () => connections,
    // The server's own list: it follows a session through STARTTLS, the socket's count does not.
    openNow: async () => await Promise.resolve(server.connections.size),
    faults: {},
    beforeGoAhead: () => undefined,
    atPiece: () => undefined,
    cutIdle: () => {
      for (const socket of open) socket.destroy();
    },
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
  return recipient;
}
