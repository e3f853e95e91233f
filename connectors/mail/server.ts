// Resolves the setting `smtp` to a mail server: a URL from a secret, or its parts. Pure.
// Invariant: an unusable value gives a reason, which never repeats it.
import { problemIf, type SettingsProblem } from '../contract.ts';
import { clearTextProblem, secretOrText } from '../guard.ts';

export interface SmtpServer {
  readonly host: string;
  readonly port?: number;
  readonly secure?: boolean;
  readonly user?: string;
  readonly password?: string;
}

/** `secret:NAME` of a URL, or its parts. */
export type SmtpSetting = string | SmtpServer;

export interface ResolvedServer {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly user?: string;
  readonly password?: string;
}

export type ServerResult =
  | { readonly ok: true; readonly server: ResolvedServer }
  | { readonly ok: false; readonly reason: 'SECRET_MISSING' | 'SECRET_MALFORMED' };

export function serverOf(smtp: SmtpSetting, secret: (name: string) => string | undefined): ServerResult {
  const valueOf = (text: string): string | undefined => secretOrText(text, secret);
  if (typeof smtp === 'string') {
    const value = valueOf(smtp);
    return value === undefined ? { ok: false, reason: 'SECRET_MISSING' } : serverOfUrl(value.trim());
  }
  const secure = smtp.secure ?? smtp.port === 465;
  const port = smtp.port ?? (secure ? 465 : 587);
  if (smtp.user === undefined) return { ok: true, server: { host: smtp.host, port, secure } };
  const user = valueOf(smtp.user);
  const password = valueOf(smtp.password ?? '');
  if (user === undefined || password === undefined || password === '')
    return { ok: false, reason: 'SECRET_MISSING' };
  return { ok: true, server: { host: smtp.host, port, secure, user, password } };
}

function serverOfUrl(text: string): ServerResult {
  const url = URL.parse(text);
  if (url === null || !['smtp:', 'smtps:'].includes(url.protocol) || url.hostname === '')
    return { ok: false, reason: 'SECRET_MALFORMED' };
  const secure = url.protocol === 'smtps:';
  const port = Number(url.port) || (secure ? 465 : 587);
  if (url.username === '') return { ok: true, server: { host: url.hostname, port, secure } };
  try {
    const user = decodeURIComponent(url.username);
    const password = decodeURIComponent(url.password);
    return { ok: true, server: { host: url.hostname, port, secure, user, password } };
  } catch {
    return { ok: false, reason: 'SECRET_MALFORMED' };
  }
}

export function smtpProblems(path: string, smtp: SmtpSetting): readonly SettingsProblem[] {
  if (typeof smtp === 'string') return clearTextProblem(path, smtp);
  return [
    ...clearTextProblem(`${path}/password`, smtp.password),
    ...problemIf((smtp.user === undefined) !== (smtp.password === undefined), path, [
      'user et password vont ensemble.',
      'user and password go together.',
    ]),
  ];
}

/** Texts of the setting that may be `secret:NAME`. */
export const smtpTexts = (smtp: SmtpSetting): readonly (string | undefined)[] =>
  typeof smtp === 'string' ? [smtp] : [smtp.user, smtp.password];
