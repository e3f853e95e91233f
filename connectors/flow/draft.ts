// The `file` block of a drafted file flow.
// Invariant: no secret in clear; the host key is a placeholder that no server shows.
import type { Draft, Drafting, DraftRequest } from '../contract.ts';

/** Without an address a CSV is assumed to be a file. */
function draft({ to, clientId, secretPrefix, format, listInside }: DraftRequest): Draft | string | undefined {
  if (to === undefined ? format !== 'csv' : !to.startsWith('sftp://')) return undefined;
  if (format === 'form') return 'a form is sent to an https:// address.';
  if (listInside)
    return 'the leads of this sample stand in a list inside the body; a file holds them as `json: { list: true }` only. Give one of them as the sample.';
  const url = URL.parse(to ?? `sftp://sftp.${clientId}.example/in`);
  const host = url?.hostname ?? `sftp.${clientId}.example`;
  const place = `sftp:${clientId}${url?.pathname ?? '/in'}`.replace(/\/$/, '');
  return {
    name: 'file',
    lines: [
      'file:',
      `  name: '${clientId.toUpperCase()}_{date:yyyyMMdd}_{seq:6}' # TODO: as the client wants it, with its ending`,
      `  to: '${place}'`,
      '  server:',
      `    host: ${host}${to === undefined ? ' # TODO' : ''}`,
      `    user: ${url?.username === '' || url === null ? 'relais # TODO' : url.username}`,
      `    password: secret:${secretPrefix}_SFTP_PASSWORD`,
      `    hostKey: SHA256:${'A'.repeat(43)} # TODO: as ssh-keygen -lf prints it`,
      "  schedule: { cron: '0 7,13,19 * * 1-6', timezone: Europe/Paris } # TODO: when the client wants its file",
    ],
    facts: { hosts: [host], folders: [place] },
    targets: [place],
    open: ['file.name', 'file.server: host, user, hostKey', 'file.schedule'],
  };
}

export const flowDrafting: Drafting = { to: 'sftp://host/folder', draft };
