// Creates the demo's accounts, one for each role, as an administrator and the account's owner do.
// Invariant: nothing bypasses the program's own rules: code, password, second factor.
import { Secret, TOTP } from 'otpauth';
import {
  beginEnrolment,
  createAccount,
  finishEnrolment,
  sessionOfToken,
  setPasswordWithCode,
  signIn,
} from '../../src/app/for-sandbox.ts';
import type { App } from '../../src/app.ts';
import { demoClients } from '../people/clients.ts';
import { secretText } from './environment.ts';

export interface DemoPerson {
  readonly login: string;
  readonly password: string;
  readonly role: string;
  /** For the second factor, where the role needs one: each allows one sign-in. */
  readonly recoveryCodes: readonly string[];
}

/** The six digits an app would show for the secret of an enrolment. */
const codeFor = (typed: string): string =>
  new TOTP({ secret: Secret.fromBase32(typed.replaceAll(' ', '')) }).generate();

const here = { address: '127.0.0.1', agent: 'demo' };
const codesShown = 3;

export async function demoPeople(access: App['access']): Promise<readonly DemoPerson[]> {
  const people: DemoPerson[] = [];
  for (const role of ['support', 'integrator', 'dpo', 'admin', 'viewer'] as const) {
    const login = `demo.${role}`;
    const password = secretText().slice(0, 20);
    const clientId = role === 'viewer' ? demoClients[0]?.id : undefined;
    const { setupCode } = await createAccount(
      access,
      { login, roles: [role], ...(clientId === undefined ? {} : { clientId }) },
      'demo',
    );
    await setPasswordWithCode(access, setupCode, password);
    const recoveryCodes = await secondFactor(access, { login, password });
    people.push({ login, password, role, recoveryCodes: recoveryCodes.slice(0, codesShown) });
  }
  return people;
}

async function secondFactor(
  access: App['access'],
  person: { readonly login: string; readonly password: string },
): Promise<readonly string[]> {
  const signed = await signIn(access, person, here);
  if (signed.kind !== 'signed_in' || signed.stage !== 'enrol') return [];
  const session = await sessionOfToken(access, signed.token);
  if (session === undefined) return [];
  const { typed } = await beginEnrolment(access, session, signed.token);
  const again = await sessionOfToken(access, signed.token);
  if (again === undefined) return [];
  const given = { token: signed.token, code: codeFor(typed) };
  return (await finishEnrolment(access, again, given, here))?.recoveryCodes ?? [];
}
