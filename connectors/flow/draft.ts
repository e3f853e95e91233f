// The `file` block of a drafted file flow.
// Invariant: no secret in clear; the host key is a placeholder that no server shows.
import type { Draft, Drafting, DraftRequest } from '../contract.ts';

/** What of a draft depends on the server. */
interface DraftedServer {
  readonly host: string;
  readonly lines: readonly string[];
  readonly open: string;
}

type Drafted = (url: URL, secretPrefix: string, todo: string) => DraftedServer;

const userOf = (url: URL): string => (url.username === '' ? 'relais # TODO' : url.username);

const servers: Readonly<Record<string, Drafted>> = {
  'sftp:': (url, secretPrefix, todo) => ({
    host: url.hostname,
    lines: [
      `    host: ${url.hostname}${todo}`,
      `    user: ${userOf(url)}`,
      `    password: secret:${secretPrefix}_SFTP_PASSWORD`,
      `    hostKey: SHA256:${'A'.repeat(43)} # TODO: as ssh-keygen -lf prints it`,
    ],
    open: 'file.server: host, user, hostKey',
  }),
  'ftps:': (url, secretPrefix, todo) => ({
    host: url.hostname,
    lines: [
      `    host: ${url.hostname}${todo}`,
      `    user: ${userOf(url)}`,
      `    password: secret:${secretPrefix}_FTPS_PASSWORD`,
      '    encryption: explicit # TODO: implicit where the client says port 990',
    ],
    open: 'file.server: host, user, encryption',
  }),
  's3:': (url, secretPrefix) => ({
    host: `${url.hostname}.s3.eu-west-3.amazonaws.com`,
    lines: [
      `    bucket: ${url.hostname}`,
      '    region: eu-west-3 # TODO; with endpoint: https://… where it is not AWS',
      `    accessKeyId: secret:${secretPrefix}_S3_KEY`,
      `    secretAccessKey: secret:${secretPrefix}_S3_SECRET`,
    ],
    open: 'file.server: region, endpoint',
  }),
};

/** Without an address a CSV is assumed to be a file. */
function draft({ to, clientId, secretPrefix, format, listInside }: DraftRequest): Draft | string | undefined {
  const url = URL.parse(to ?? `sftp://sftp.${clientId}.example/in`);
  const drafted = url === null ? undefined : servers[url.protocol];
  if (url === null || drafted === undefined || (to === undefined && format !== 'csv')) return undefined;
  if (format === 'form') return 'a form is sent to an https:// address.';
  if (listInside)
    return 'the leads of this sample stand in a list inside the body; a file holds them as `json: { list: true }` only. Give one of them as the sample.';
  const place = `${url.protocol}${clientId}${url.pathname}`.replace(/\/$/, '');
  const { host, lines, open } = drafted(url, secretPrefix, to === undefined ? ' # TODO' : '');
  return {
    name: 'file',
    lines: [
      'file:',
      `  name: '${clientId.toUpperCase()}_{date:yyyyMMdd}_{seq:6}' # TODO: as the client wants it, with its ending`,
      `  to: '${place}'`,
      '  server:',
      ...lines,
      "  schedule: { cron: '0 7,13,19 * * 1-6', timezone: Europe/Paris } # TODO: when the client wants its file",
    ],
    facts: { hosts: [host], folders: [place] },
    targets: [place],
    open: ['file.name', open, 'file.schedule'],
  };
}

export const flowDrafting: Drafting = {
  to: 'sftp://host/folder, ftps://host/folder or s3://bucket/folder',
  draft,
};
