// Names who works at the terminal as the operating system knows them: the login that began the session, also behind sudo (C58).
// Invariant: where the kernel keeps the login, no variable replaces it.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';

export interface Operator {
  readonly name: string;
  /** True where the operating system says so; false where the name is only typed, or a container has no logins. */
  readonly isProved: boolean;
}

export interface SystemFacts {
  readonly uid: number;
  readonly username: string;
  /** User id with which the session began (`/proc/self/loginuid`, set by pam_loginuid); undefined where none is kept. */
  readonly loginUid: number | undefined;
  readonly nameOf: (uid: number) => string | undefined;
}

interface Typed {
  /** `RELAIS_ACTOR`. */
  readonly actor: string | undefined;
  readonly sudoUser: string | undefined;
  readonly sudoUid: string | undefined;
}

export function operatorOf({ actor, sudoUser, sudoUid }: Typed, facts: SystemFacts): Operator {
  const { uid, username, loginUid, nameOf } = facts;
  if (loginUid !== undefined) {
    return { name: loginUid === uid ? username : (nameOf(loginUid) ?? `uid ${loginUid}`), isProved: true };
  }
  // Root gets these two of sudo; any other user could set them, as could root in a container.
  if (sudoUser !== undefined && uid === 0)
    return { name: sudoUser, isProved: nameOf(Number(sudoUid)) === sudoUser };
  const name = actor ?? sudoUser ?? username;
  return { name, isProved: name === username };
}

/** The kernel's word for no login. */
const noLogin = 4_294_967_295;

export function systemFacts(): SystemFacts {
  const { uid, username } = userInfo();
  const text = contentOf('/proc/self/loginuid').trim();
  const loginUid = /^\d+$/.test(text) && Number(text) !== noLogin ? Number(text) : undefined;
  return { uid, username, loginUid, nameOf };
}

/** Also of a directory service: `getent` asks what the system's accounts come from. */
function nameOf(uid: number): string | undefined {
  const listed = contentOf('/etc/passwd');
  const asked = (): string =>
    spawnSync('/usr/bin/getent', ['passwd', String(uid)], { encoding: 'utf8', timeout: 5_000, env: {} })
      .stdout;
  const nameIn = (text: string): string | undefined =>
    text
      .split('\n')
      .map((line) => line.split(':'))
      .find(([, , id]) => id === String(uid))?.[0];
  return nameIn(listed) ?? nameIn(asked() ?? '');
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
