// Lists the transports, and finds the one that a file names.
// Invariant: the form of the `server` block decides; `to` must begin accordingly.
import type { SettingsProblem } from '../contract.ts';
import { folderTransport, type LocalServer } from './folder/server.ts';
import { ftpsTransport, type FtpsServer } from './ftps/server.ts';
import { httpsTransport, type HttpsServer } from './https/server.ts';
import { mailTransport, type MailServer } from './mail/server.ts';
import { s3Transport, type S3Server } from './s3/server.ts';
import { sftpTransport, type SftpServer } from './sftp/server.ts';
import type { Around, HandOver, Transport } from './transport.ts';

export type FlowServer = SftpServer | FtpsServer | HttpsServer | S3Server | MailServer | LocalServer;

export const transports: readonly Transport<unknown>[] = [
  sftpTransport,
  ftpsTransport,
  httpsTransport,
  s3Transport,
  mailTransport,
  folderTransport,
];

export const isLocal = (server: FlowServer): server is LocalServer => 'folder' in server;

/** The schema ensures that one matches. */
export const transportOf = (server: FlowServer): Transport<unknown> =>
  transports.find(({ isOf }) => isOf(server)) ?? folderTransport;

/** The hand-over of a transport that opens no place. */
export const handOverOf = (server: FlowServer): HandOver<unknown> | undefined => transportOf(server).handOver;

/** A path below the place of a file, in the form of its drop. */
export const pathAt = (server: FlowServer, path: string): string =>
  transportOf(server).pathOf?.(server, path) ?? path;

export function serverProblems(server: FlowServer, around: Around): readonly SettingsProblem[] {
  const { scheme, misplaced, problems } = transportOf(server);
  if (!around.to.startsWith(`${scheme}:`)) return [{ path: '/to', message: misplaced }];
  return problems(server, around);
}
