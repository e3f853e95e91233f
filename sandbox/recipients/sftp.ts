// Runs an SFTP server for one account, in this process, that writes into a folder as OpenSSH would.
// Invariant: a rename never replaces a file; no request can name a path outside the account's folder.
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import ssh2 from 'ssh2';
import type { Connection } from 'ssh2';
import { sandboxHostKey } from './identity.ts';
import { serveFolder } from './sftp-folder.ts';

export interface SandboxSftp {
  readonly port: number;
  readonly close: () => Promise<void>;
}

export interface SftpOptions {
  readonly login: { readonly user: string; readonly password: string };
  /** Home of the account; created. */
  readonly home: string;
}

export async function startSftp({ login, home }: SftpOptions): Promise<SandboxSftp> {
  mkdirSync(home, { recursive: true });
  const sockets = new Set<Socket>();
  const ssh = new ssh2.Server({ hostKeys: [sandboxHostKey().privateKey] }, (client: Connection) => {
    client.on('error', () => undefined);
    client.on('authentication', (attempt) => {
      if (
        attempt.method === 'password' &&
        attempt.username === login.user &&
        attempt.password === login.password
      )
        attempt.accept();
      else attempt.reject(['password']);
    });
    client.on('session', (accept) => {
      accept().on('sftp', (acceptSftp) => serveFolder(acceptSftp(), home));
    });
  });
  // A server of our own, for noDelay: without it every answer waits 40 ms for an acknowledgement.
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    (ssh as unknown as { injectSocket: (socket: Socket) => void }).injectSocket(socket.setNoDelay(true));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
