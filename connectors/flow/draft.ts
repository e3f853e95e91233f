// Drafts the `file` block of a file flow.
// Invariant: no secret in clear; the host key is a placeholder that no server shows.
import type { Draft, Drafting, DraftRequest } from '../contract.ts';
import { mailboxesIn } from './mail/settings.ts';

/** The parts of a draft that depend on the server. */
interface DraftedServer {
  readonly host: string;
  readonly lines: readonly string[];
  readonly open: string;
}

type Drafted = (url: URL, secretPrefix: string, todo: string) => DraftedServer;

const userOf = (url: URL): string => (url.username === '' ? 'relais # TODO' : url.username);

/** Drafted elsewhere: it has mailboxes, and no folder. */
const mailed: Drafted = () => ({ host: '', lines: [], open: '' });

const servers: Readonly<Record<string, Drafted>> = {
  'mailto:': mailed,
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
  // `sftp:horizon/in`, as `to` of a file says it, has no host.
  if (drafted !== mailed && url.hostname === '') return undefined;
  if (format === 'form') return 'a form is sent to an https:// address.';
  if (listInside)
    return 'the leads of this sample stand in a list inside the body; a file holds them as `json: { list: true }` only. Give one of them as the sample.';
  if (drafted === mailed) return mailDraft(url, clientId);
  const place = `${url.protocol}${clientId}${url.pathname}`.replace(/\/$/, '');
  const { host, lines, open } = drafted(url, secretPrefix, to === undefined ? ' # TODO' : '');
  return {
    name: 'file',
    lines: fileLines(clientId, place, lines),
    facts: { hosts: [host], folders: [place] },
    targets: [place],
    open: ['file.name', open, 'file.schedule'],
  };
}

const fileLines = (clientId: string, to: string, server: readonly string[]): readonly string[] => [
  'file:',
  `  name: '${clientId.toUpperCase()}_{date:yyyyMMdd}_{seq:6}' # TODO: as the client wants it, with its ending`,
  `  to: '${to}'`,
  '  server:',
  ...server,
  "  schedule: { cron: '0 7,13,19 * * 1-6', timezone: Europe/Paris } # TODO: when the client wants its file",
];

function mailDraft({ pathname }: URL, clientId: string): Draft {
  const mailboxes = mailboxesIn(`mailto:${decodeURIComponent(pathname)}`);
  return {
    name: 'file',
    lines: fileLines(clientId, `mailto:${mailboxes.join(',')}`, [
      '    smtp: secret:SMTP_URL',
      '    from: leads@relais.example # TODO: the mailbox we send from',
    ]),
    facts: { mailboxes },
    targets: mailboxes,
    open: ['file.name', 'file.server.from: the mailbox we send from', 'file.schedule'],
  };
}

export const flowDrafting: Drafting = {
  to: 'sftp://host/folder, ftps://host/folder, s3://bucket/folder or mailto:mailbox',
  draft,
};
