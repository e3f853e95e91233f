// Replaces any recipient on this machine: an HTTPS or HTTP endpoint, a mailbox with STARTTLS, an SFTP folder.
// Invariant: listens on loopback only and keeps received data in memory or below the given folder; it knows no mapping.
import http from 'node:http';
import https from 'node:https';
import { mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { certificateFor, sandboxHostKey } from './identity.ts';
import { startMailbox } from './mailbox.ts';
import { startSftp } from './sftp.ts';

/** Login of the mailbox and of the SFTP account. */
export const standInLogin = { user: 'sandbox', password: 'sandbox-placeholder' } as const;

/** The endpoint's answer from now on. */
export interface PreparedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface StartedStandIn {
  readonly port: number;
  /** PEM to trust; absent where there is no TLS. */
  readonly authority?: string;
  readonly hostKey?: string;
  /** Absent where the protocol has no such answer. */
  readonly answerWith?: (answer: PreparedAnswer) => void;
  /** How often something arrived, and its files, if any. */
  readonly received: () => { readonly count: number; readonly files: readonly string[] };
  readonly close: () => Promise<void>;
}

/** The servers a trial may start, with what they receive below its own folder; a connector says which it needs. */
export const serversIn = (folder: string) => ({
  login: standInLogin,
  http: (hosts: readonly string[], { tls }: { readonly tls: boolean }): Promise<StartedStandIn> =>
    startEndpoint(hosts, tls),
  mailbox: (host: string, addresses: readonly string[]): Promise<StartedStandIn> =>
    startPostbox(host, addresses, folder),
  sftp: (place: string): Promise<StartedStandIn> => startFolder(folder, place),
  folder: (place: string): string => {
    mkdirSync(join(folder, place), { recursive: true });
    return folder;
  },
});

export async function startEndpoint(hosts: readonly string[], tls: boolean): Promise<StartedStandIn> {
  let count = 0;
  let answer: PreparedAnswer = { status: 200, headers: {}, body: '' };
  const onRequest = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    request.on('error', () => undefined).resume();
    request.on('end', () => {
      count += 1;
      response.writeHead(answer.status, answer.headers).end(answer.body);
    });
  };
  const certificate = tls ? await certificateFor(...hosts) : undefined;
  const server =
    certificate === undefined
      ? http.createServer(onRequest)
      : https.createServer({ key: certificate.key, cert: certificate.cert }, onRequest);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    ...(certificate === undefined ? {} : { authority: certificate.cert }),
    answerWith: (next) => void (answer = next),
    received: () => ({ count, files: [] }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function startPostbox(
  host: string,
  addresses: readonly string[],
  folder: string,
): Promise<StartedStandIn> {
  const certificate = await certificateFor(host);
  const mailbox = await startMailbox({
    certificate,
    folder,
    login: standInLogin,
    destination: 'sandbox',
    addresses: addresses.map((address) => address.toLowerCase()),
  });
  return {
    port: mailbox.port,
    authority: certificate.cert,
    received: () => received(folder),
    close: mailbox.close,
  };
}

/** @param place folder below the login's home; created */
export async function startFolder(home: string, place: string): Promise<StartedStandIn> {
  mkdirSync(join(home, place), { recursive: true });
  const server = await startSftp({ login: standInLogin, home });
  return {
    port: server.port,
    hostKey: sandboxHostKey().fingerprint,
    received: () => received(home),
    close: server.close,
  };
}

function received(folder: string): { readonly count: number; readonly files: readonly string[] } {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .toSorted();
  return { count: files.length, files };
}

/** The text of a received file, to be shown. */
export const payloadText = (file: string): string => readFileSync(file, 'utf8');
