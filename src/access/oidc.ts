// Signing in by an OpenID Connect provider: authorisation code with PKCE, state and nonce; oauth4webapi writes and judges each message.
// Invariant: what comes back is believed only with what this browser was sent away with; of an identity that does not verify nothing is
// told but that it does not.
import * as oauth from 'oauth4webapi';
import { derived, openBytes, sealBytes } from '../domain/keyed.ts';
import type { Log } from '../log.ts';
import { foreignCode } from '../errors.ts';
import type { AccessPlace } from './place.ts';

export interface OidcOptions {
  /** As its document names itself, byte by byte. */
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** The console as browsers reach it: `https://relais.centre.example`. */
  readonly consoleUrl: string;
  /** Values of `acr` or `amr` that say that a second factor was asked. */
  readonly mfa: readonly string[];
  /** Of a provider on this machine, in a trial. */
  readonly allowHttp: boolean;
}

/** Who the provider says it is. */
export interface ProvedIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly hasSecondFactor: boolean;
}

export interface Oidc {
  readonly issuer: string;
  /** Where the browser is sent, and what it keeps meanwhile, sealed. @param to the page that was asked for */
  readonly begin: (to: string) => Promise<{ readonly address: string; readonly kept: string }>;
  /** Undefined where anything does not fit. @param search of the address the provider has sent the browser back to */
  readonly finish: (
    search: string,
    kept: string,
  ) => Promise<{ readonly identity: ProvedIdentity; readonly to: string } | undefined>;
}

export const oidcBackPath = '/sign-in/oidc/back';
/** Between being sent away and coming back. */
export const oidcKeptSeconds = 600;
const discoveryMs = 3_600_000;
const answerMs = 10_000;

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
      const { authorization_endpoint: endpoint } = await provider.described();
      if (endpoint === undefined) throw new Error('The provider names no authorization_endpoint.');
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

function keptIn(bytes: Buffer | undefined): Kept | undefined {
  return bytes === undefined ? undefined : (JSON.parse(bytes.toString()) as Kept);
}

function createProvider({ issuer, clientId, clientSecret, mfa, allowHttp }: OidcOptions) {
  const client: oauth.Client = { client_id: clientId };
  const http = () => ({
    [oauth.allowInsecureRequests]: allowHttp,
    signal: AbortSignal.timeout(answerMs),
  });
  let known: { readonly server: oauth.AuthorizationServer; readonly readAt: number } | undefined;

  const described = async (): Promise<oauth.AuthorizationServer> => {
    if (known !== undefined && performance.now() - known.readAt < discoveryMs) return known.server;
    const at = new URL(issuer);
    const server = await oauth.processDiscoveryResponse(at, await oauth.discoveryRequest(at, http()));
    known = { server, readAt: performance.now() };
    return server;
  };
  const authentication = (server: oauth.AuthorizationServer): oauth.ClientAuth => {
    const { token_endpoint_auth_methods_supported: methods } = server;
    return methods === undefined || methods.includes('client_secret_basic')
      ? oauth.ClientSecretBasic(clientSecret)
      : oauth.ClientSecretPost(clientSecret);
  };

  return {
    described,
    /** @throws what oauth4webapi finds wrong */
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
