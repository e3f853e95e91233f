// Signs in through an OpenID Connect provider by code with PKCE, state and nonce; links its subjects to accounts.
// Invariant: a response is accepted only with the state kept in this browser; a failed verification reveals nothing but that it failed.
import * as oauth from 'oauth4webapi';
import { derived, openBytes, sealBytes } from '../domain/keyed.ts';
import type { Log } from '../log.ts';
import { foreignCode, RelaisError } from '../errors.ts';
import { accountActor, type AccessPlace } from './place.ts';
import { unknownAccount } from '../errors/unknown.ts';
import { accountById, accountOf, noteSignIn } from '../store/access/accounts.ts';
import { appendHandovers } from '../store/log/handovers.ts';
import {
  identityNamed,
  identityOf,
  removeIdentity,
  setIdentity,
  endSessions,
  type IdentityRow,
} from '../store/access/sessions.ts';
import { noteChange } from './accounts.ts';
import { beginSession, type Caller } from './sessions.ts';
import { noteRefusal, stageOf, type SignedIn } from './sign-in.ts';

export interface OidcOptions {
  /** As its discovery document names itself, byte by byte. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The console as browsers reach it: `https://relais.centre.example`. */
  readonly consoleUrl: string;
  /** Values of `acr` or `amr` that prove a second factor. */
  readonly mfa: readonly string[];
  /** Allows plain HTTP, for a provider on this machine in a trial. */
  readonly allowHttp: boolean;
}

/** The identity that the provider asserts. */
interface ProvedIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly hasSecondFactor: boolean;
}

export interface Oidc {
  readonly issuer: string;
  /**
   * The provider's address for the browser, and the sealed state it keeps meanwhile; undefined where the provider cannot be reached.
   * @param to the requested page
   */
  readonly begin: (to: string) => Promise<{ readonly address: string; readonly kept: string } | undefined>;
  /** Undefined where a check fails. @param search query of the address to which the provider redirected the browser */
  readonly finish: (
    search: string,
    kept: string,
  ) => Promise<{ readonly identity: ProvedIdentity; readonly to: string } | undefined>;
}

export const oidcBackPath = '/sign-in/oidc/back';
/** Seconds between redirect and return. */
export const oidcKeptSeconds = 600;
const discoveryMs = 3_600_000;
const answerMs = 10_000;
/** Its document, its keys, a token: a few kilobytes. */
const mostAnswerBytes = 1_000_000;

interface Kept {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly to: string;
  readonly at: number;
}

export function createOidc(options: OidcOptions, place: AccessPlace, log: Pick<Log, 'error'>): Oidc {
  const key = derived(place.tryKey, 'oidc');
  const now = (): number => place.database.now().getTime();
  const provider = createProvider(options);
  const redirect = new URL(oidcBackPath, options.consoleUrl).href;
  return {
    issuer: options.issuer,
    begin: async (to) => {
      const endpoint = await provider.entrance().catch((error: unknown) => {
        log.error('console.failed', { code: foreignCode(error) });
        return undefined;
      });
      if (endpoint === undefined) return undefined;
      const kept: Kept = {
        state: oauth.generateRandomState(),
        nonce: oauth.generateRandomNonce(),
        verifier: oauth.generateRandomCodeVerifier(),
        to,
        at: now(),
      };
      const address = new URL(endpoint);
      for (const [name, value] of Object.entries({
        client_id: options.clientId,
        redirect_uri: redirect,
        response_type: 'code',
        scope: 'openid',
        state: kept.state,
        nonce: kept.nonce,
        code_challenge: await oauth.calculatePKCECodeChallenge(kept.verifier),
        code_challenge_method: 'S256',
      }))
        address.searchParams.set(name, value);
      const sealed = sealBytes(key, Buffer.from(JSON.stringify(kept)));
      return { address: address.href, kept: sealed.toString('base64url') };
    },
    finish: async (search, sealed) => {
      const kept = keptIn(openBytes(key, Buffer.from(sealed, 'base64url')));
      if (kept === undefined || now() - kept.at > oidcKeptSeconds * 1_000) return undefined;
      try {
        const identity = await provider.identity(new URL(`${redirect}${search}`), kept, redirect);
        return identity === undefined ? undefined : { identity, to: kept.to };
      } catch (error) {
        log.error('console.failed', { code: foreignCode(error) });
        return undefined;
      }
    },
  };
}

/** Limits the length of a provider's answer: an endless one would fill our memory. */
async function boundedFetch(
  address: string,
  { body, ...asked }: oauth.CustomFetchOptions<string, URLSearchParams | undefined>,
): Promise<Response> {
  const answer = await fetch(address, { ...asked, ...(body === undefined ? {} : { body }) });
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of (answer.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += part.length;
    if (bytes > mostAnswerBytes) throw new Error('The provider’s answer is too long.');
    parts.push(part);
  }
  const { status, headers } = answer;
  return new Response(bytes === 0 ? null : Buffer.concat(parts), { status, headers });
}

function keptIn(bytes: Buffer | undefined): Kept | undefined {
  return bytes === undefined ? undefined : (JSON.parse(bytes.toString()) as Kept);
}

const httpOf = (allowHttp: boolean) => ({
  [oauth.allowInsecureRequests]: allowHttp,
  [oauth.customFetch]: boundedFetch,
  signal: AbortSignal.timeout(answerMs),
});

/** The provider's discovery document, kept for an hour. It is fetched once for all visitors that wait for it. */
function discovery(
  issuer: string,
  http: () => ReturnType<typeof httpOf>,
): () => Promise<oauth.AuthorizationServer> {
  let known: { readonly server: oauth.AuthorizationServer; readonly readAt: number } | undefined;
  let asked: Promise<oauth.AuthorizationServer> | undefined;

  const ask = async (): Promise<oauth.AuthorizationServer> => {
    const at = new URL(issuer);
    const server = await oauth.processDiscoveryResponse(at, await oauth.discoveryRequest(at, http()));
    known = { server, readAt: performance.now() };
    return server;
  };
  return () => {
    if (known !== undefined && performance.now() - known.readAt < discoveryMs)
      return Promise.resolve(known.server);
    asked ??= ask().finally(() => {
      asked = undefined;
    });
    return asked;
  };
}

function createProvider({ issuer, clientId, clientSecret, mfa, allowHttp }: OidcOptions) {
  const client: oauth.Client = { client_id: clientId };
  const http = () => httpOf(allowHttp);
  const described = discovery(issuer, http);
  const authentication = (server: oauth.AuthorizationServer): oauth.ClientAuth => {
    const { token_endpoint_auth_methods_supported: methods } = server;
    return methods === undefined || methods.includes('client_secret_basic')
      ? oauth.ClientSecretBasic(clientSecret)
      : oauth.ClientSecretPost(clientSecret);
  };

  return {
    /** The provider's sign-in address. @throws where the provider does not answer, or names none */
    entrance: async (): Promise<string> => {
      const { authorization_endpoint: endpoint } = await described();
      if (endpoint === undefined) throw new Error('The provider names no authorization_endpoint.');
      return endpoint;
    },
    /** @throws the failed check of oauth4webapi */
    identity: async (
      back: URL,
      { state, nonce, verifier }: Kept,
      redirect: string,
    ): Promise<ProvedIdentity | undefined> => {
      const server = await described();
      const parameters = oauth.validateAuthResponse(server, client, back, state);
      const answer = await oauth.authorizationCodeGrantRequest(
        ...([server, client, authentication(server), parameters, redirect, verifier, http()] as const),
      );
      const tokens = await oauth.processAuthorizationCodeResponse(server, client, answer, {
        expectedNonce: nonce,
        requireIdToken: true,
      });
      await oauth.validateApplicationLevelSignature(server, answer, http());
      const claims = oauth.getValidatedIdTokenClaims(tokens);
      if (claims === undefined) return undefined;
      const said = [claims['acr'], claims['amr']].flat();
      return {
        issuer,
        subject: claims.sub,
        hasSecondFactor: said.some((value) => typeof value === 'string' && mfa.includes(value)),
      };
    },
  };
}

// Links the subject of an identity provider to an account, by an administrator, and signs it in.
// Invariant: only an issuer with its subject identifies an account, never a mail address or a name; an unknown subject and an ended account
// are answered alike.

export const identityOfAccount = (
  { database }: Pick<AccessPlace, 'database'>,
  accountId: number,
): Promise<IdentityRow | undefined> => identityOf(database, accountId);

/** @param asked.subject empty: the link is removed. @throws ACCESS-001 where it is another account's, FIND-001 */
export async function linkIdentity(
  { database }: AccessPlace,
  { login, issuer, subject }: { readonly login: string; readonly issuer: string; readonly subject: string },
  actor: string,
): Promise<void> {
  await database.transaction(async (tx) => {
    const account = await accountOf(tx, login, true);
    if (account === undefined || account.endedAt !== null) throw unknownAccount(login);
    if (subject === '') await removeIdentity(tx, account.id);
    else if (subject.length > 255 || !(await setIdentity(tx, { accountId: account.id, issuer, subject })))
      throw new RelaisError('ACCESS-001', [
        'L’identifiant du fournisseur est trop long, ou celui d’un autre compte.',
        'The subject is too long, or another account’s.',
      ]);
    await noteChange(tx, account.id, subject === '' ? 'UNLINKED' : 'LINKED', actor);
    await endSessions(tx, account.id);
  });
}

/** A second factor at the provider replaces ours; otherwise ours is asked for where the account has or needs one (C38). */
export async function signInAs(
  place: AccessPlace,
  { issuer, subject, hasSecondFactor }: ProvedIdentity,
  caller: Caller,
): Promise<
  (Extract<SignedIn, { kind: 'signed_in' }> & { readonly login: string }) | { readonly kind: 'refused' }
> {
  const { database } = place;
  const linked = await identityNamed(database, { issuer, subject });
  const token = await database.transaction(async (tx) => {
    const account = linked === undefined ? undefined : await accountById(tx, linked.accountId, true);
    if (account === undefined || account.endedAt !== null) return undefined;
    // Read again under the account's lock: a link removed meanwhile has ended every session but this one.
    if ((await identityNamed(tx, { issuer, subject }))?.accountId !== account.id) return undefined;
    const stage = hasSecondFactor ? 'full' : stageOf(account);
    if (stage === 'full') {
      await noteSignIn(tx, account.id);
      await appendHandovers(tx, [
        { entry: 'signed_in', clientId: '', actor: accountActor(account.id), reason: 'IDENTITY' },
      ]);
    }
    const given = await beginSession(tx, account.id, stage, caller);
    return { kind: 'signed_in' as const, token: given, stage, login: account.login };
  });
  if (token !== undefined) return token;
  await noteRefusal(place, linked === undefined ? undefined : { id: linked.accountId }, 'IDENTITY');
  return { kind: 'refused' };
}
