// Reads settings that several variables make together, and the file that a running sandbox writes.
// Invariant: an invalid value is a problem, reported together with the others.
import { existsSync, readFileSync } from 'node:fs';

export function alertMailOf(
  read: (name: string) => string | undefined,
  problems: string[],
): { readonly smtpUrl: string; readonly to: string; readonly from: string } | undefined {
  const smtpUrl = read('RELAIS_ALERT_SMTP_URL');
  const to = read('RELAIS_ALERT_MAIL_TO');
  const from = read('RELAIS_ALERT_MAIL_FROM');
  if (smtpUrl === undefined && to === undefined) return undefined;
  if (smtpUrl === undefined || to === undefined || from === undefined) {
    problems.push('RELAIS_ALERT_SMTP_URL, RELAIS_ALERT_MAIL_TO and RELAIS_ALERT_MAIL_FROM go together');
    return undefined;
  }
  return { smtpUrl, to, from };
}

/** Server and sender are those of the alerts unless variables of their own name others. */
export function clientMailOf(
  read: (name: string) => string | undefined,
  problems: string[],
):
  | {
      readonly smtpUrl: string;
      readonly from: string;
      readonly dpoName: string;
      readonly dpoMailbox: string;
      readonly rightsMailbox: string;
    }
  | undefined {
  const own = [
    'RELAIS_MAIL_SMTP_URL',
    'RELAIS_MAIL_FROM',
    'RELAIS_DPO_NAME',
    'RELAIS_DPO_MAIL_TO',
    'RELAIS_RIGHTS_MAILBOX',
  ];
  if (own.every((name) => read(name) === undefined)) return undefined;
  const smtpUrl = read('RELAIS_MAIL_SMTP_URL') ?? read('RELAIS_ALERT_SMTP_URL');
  const from = read('RELAIS_MAIL_FROM') ?? read('RELAIS_ALERT_MAIL_FROM');
  const [dpoName, rightsMailbox] = [read('RELAIS_DPO_NAME'), read('RELAIS_RIGHTS_MAILBOX')];
  const dpoMailbox = read('RELAIS_DPO_MAIL_TO') ?? rightsMailbox;
  if (
    smtpUrl === undefined ||
    from === undefined ||
    dpoName === undefined ||
    dpoMailbox === undefined ||
    rightsMailbox === undefined
  ) {
    problems.push(
      'RELAIS_MAIL_SMTP_URL, RELAIS_MAIL_FROM, RELAIS_DPO_NAME and RELAIS_RIGHTS_MAILBOX go together (server and sender may be those of RELAIS_ALERT_...)',
    );
    return undefined;
  }
  if (!['smtp:', 'smtps:'].includes(URL.parse(smtpUrl)?.protocol ?? ''))
    problems.push('RELAIS_MAIL_SMTP_URL must be a smtp:// or smtps:// URL');
  for (const [name, mailbox] of [
    ['RELAIS_DPO_MAIL_TO', dpoMailbox],
    ['RELAIS_RIGHTS_MAILBOX', rightsMailbox],
  ] as const)
    if (!/^[^\s@<>,;]+@[^\s@<>,;]+$/.test(mailbox)) problems.push(`${name} must be one bare mailbox`);
  return { smtpUrl, from, dpoName, dpoMailbox, rightsMailbox };
}

export function commaSeparated(text: string | undefined): readonly string[] {
  return (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

export function connectToOf(
  text: string | undefined,
  problems: string[],
): Readonly<Record<string, { readonly host: string; readonly port: number }>> {
  const routes: Record<string, { host: string; port: number }> = {};
  for (const route of commaSeparated(text)) {
    const match = /^([^=]+)=(.+):(\d{1,5})$/.exec(route);
    if (match === null) problems.push(`RELAIS_CONNECT_TO: "${route}" is not host=address:port`);
    else routes[(match[1] ?? '').toLowerCase()] = { host: match[2] ?? '', port: Number(match[3]) };
  }
  return routes;
}

export function readSandboxFile(file: string): Record<string, string> {
  if (!existsSync(file)) return {};
  const values: Record<string, string> = {};
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const at = line.indexOf('=');
    if (at > 0 && !line.startsWith('#')) values[line.slice(0, at)] = line.slice(at + 1);
  }
  return values;
}
