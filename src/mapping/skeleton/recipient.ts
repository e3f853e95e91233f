// Where the drafted destination sends to: from an address, or a placeholder that a person replaces.
// Invariant: no secret in clear; the connector follows from the address.
import type { SampleFormat } from './shape.ts';

export interface Recipient {
  readonly connector: 'webhook' | 'flow' | 'email';
  /** Last part of the destination's name unless the integrator chose one. */
  readonly name: string;
  /** Lines of the mapping file. */
  readonly lines: readonly string[];
  /** What client.yaml must list. */
  readonly facts: {
    readonly hosts?: readonly string[];
    readonly mailboxes?: readonly string[];
    readonly folders?: readonly string[];
  };
  readonly targets: readonly string[];
  readonly open: readonly string[];
}

/** @param to https://..., sftp://host/folder, a mailbox, or nothing; a text instead says what is wrong */
export function recipientOf(
  to: string | undefined,
  clientId: string,
  format: SampleFormat,
): Recipient | string {
  const secret = `${clientId.replaceAll('-', '_').toUpperCase()}`;
  if (to !== undefined && /^[^\s@/:]+@[^\s@]+$/.test(to)) return mailbox(to, format);
  if (to?.startsWith('sftp://') === true) return folder(to, clientId, secret);
  if (to === undefined && format === 'csv') return folder(undefined, clientId, secret);
  const url = URL.parse(to ?? `https://crm.${clientId}.example/leads`);
  if (url === null || !['https:', 'http:'].includes(url.protocol))
    return `"${to ?? ''}" is no https:// address, no sftp://host/folder and no mailbox.`;
  if (url.username !== '' || url.password !== '')
    return 'the address holds a login: write it as auth with secret:NAME instead.';
  const unknown = to === undefined ? " # TODO: the client's address; its host stands in client.yaml too" : '';
  return {
    connector: 'webhook',
    name: 'crm',
    lines: [
      'send:',
      `  url: '${(to ?? url.href).replaceAll("'", "''")}'${unknown}`,
      `  # TODO: how the client knows us: auth: { bearer: secret:${secret}_TOKEN }, or basic, or header; see docs/mapping.md`,
    ],
    facts: { hosts: [url.hostname] },
    targets: [url.hostname],
    open: [
      ...(to === undefined ? ['send.url: the address is a placeholder'] : []),
      'send.auth: how the client knows us',
    ],
  };
}

function folder(to: string | undefined, clientId: string, secret: string): Recipient {
  const url = URL.parse(to ?? `sftp://sftp.${clientId}.example/in`);
  const host = url?.hostname ?? `sftp.${clientId}.example`;
  const place = `sftp:${clientId}${url?.pathname ?? '/in'}`.replace(/\/$/, '');
  return {
    connector: 'flow',
    name: 'file',
    lines: [
      'file:',
      `  name: '${clientId.toUpperCase()}_{date:yyyyMMdd}_{seq:6}' # TODO: as the client wants it, with its ending`,
      `  to: '${place}'`,
      '  server:',
      `    host: ${host}${to === undefined ? ' # TODO' : ''}`,
      `    user: ${url?.username === '' || url === null ? 'relais # TODO' : url.username}`,
      `    password: secret:${secret}_SFTP_PASSWORD`,
      `    hostKey: SHA256:${'A'.repeat(43)} # TODO: as ssh-keygen -lf prints it`,
      "  schedule: { cron: '0 7,13,19 * * 1-6', timezone: Europe/Paris } # TODO: when the client wants its file",
    ],
    facts: { hosts: [host], folders: [place] },
    targets: [place],
    open: ['file.name', 'file.server: host, user, hostKey', 'file.schedule'],
  };
}

function mailbox(to: string, format: SampleFormat): Recipient {
  const address = to.toLowerCase();
  return {
    connector: 'email',
    name: 'mail',
    lines: [
      'send:',
      `  to: ${address}`,
      '  from: leads@relais.example # TODO: the mailbox we send from',
      '  smtp: secret:SMTP_URL',
      "  subject: 'Nouvelle demande {leadReference} {title}'",
      `  attachment: ${format}`,
    ],
    facts: { mailboxes: [address] },
    targets: [address],
    open: ['send.from: the mailbox we send from'],
  };
}
