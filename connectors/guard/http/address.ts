// Parses HTTP addresses, and decides if a request may be sent to one. Pure.
// Invariant: no request is sent to a host that contract and authorisation do not name, nor in clear unless the operator permits it.
import { bareHost } from '../addresses.ts';
import { secretName } from '../secrets.ts';
import type { HttpPolicy } from './carrier.ts';

/** An address as a file may write it, placeholders included. */
export function parsedAddress(text: string): URL | undefined {
  return URL.parse(text.replaceAll(/\{[A-Za-z0-9_.]+\}/g, 'x')) ?? undefined;
}

/** Host of an address in clear, lower case, without port; undefined when it is a secret or not an address. */
export function hostOf(text: string): string | undefined {
  if (secretName(text) !== undefined) return undefined;
  const url = parsedAddress(text);
  return url === undefined ? undefined : bareHost(url.hostname);
}

/** The endpoint of an address, without scheme, query or a last slash. */
export function endpointOf(text: string): string {
  if (text.startsWith('secret:')) return text;
  const url = URL.parse(text.replaceAll(/\{[^{}]*\}/g, 'x'));
  if (url === null) return text;
  return `${url.host.toLowerCase()}${url.pathname.replaceAll(/\/+/g, '/').replace(/\/$/, '')}`;
}

/** True when a request there could be read on its way over a network. */
export function isInClear(text: string): boolean {
  const host = /^http:/i.test(text) ? URL.parse(text.replaceAll(/[{}]/g, ''))?.hostname : undefined;
  return host !== undefined && !['localhost', '127.0.0.1', '[::1]'].includes(host);
}

export interface HttpTarget {
  readonly allowedTargets: readonly string[];
  readonly network: HttpPolicy;
}

/** The reason why no request may be sent to this address. The host of a secret address is known only here. */
export function targetRefusal(
  url: URL,
  { allowedTargets, network }: HttpTarget,
): 'TARGET_NOT_ALLOWED' | 'PLAINTEXT_NOT_ALLOWED' | undefined {
  const host = bareHost(url.hostname);
  if (!allowedTargets.some((target) => target.toLowerCase() === host)) return 'TARGET_NOT_ALLOWED';
  return url.protocol !== 'https:' && !network.allowPlaintext ? 'PLAINTEXT_NOT_ALLOWED' : undefined;
}

type Said = readonly [fr: string, en: string];

/** Mistakes in the form of an address in clear; the connector checks its placeholders. */
export function addressProblems(
  path: string,
  text: string,
): readonly { readonly path: string; readonly message: Said }[] {
  const url = parsedAddress(text);
  if (url === undefined)
    return [
      {
        path,
        message: [
          'Ce n’est pas une adresse complète comme https://crm.example/api/leads.',
          'This is not a complete address such as https://crm.example/api/leads.',
        ],
      },
    ];
  const problems: { path: string; message: Said }[] = [];
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    problems.push({ path, message: ['Des adresses https:// seulement.', 'Only https:// addresses.'] });
  if (url.username !== '' || url.password !== '')
    problems.push({
      path,
      message: [
        'Ni utilisateur ni mot de passe dans l’adresse : employez auth.',
        'No user or password inside the address: use auth.',
      ],
    });
  if (/^[a-z]+:\/\/[^/?#]*[{}]/i.test(text))
    problems.push({
      path,
      message: ['Le nom du serveur ne contient pas de variable.', 'The host cannot hold a placeholder.'],
    });
  if (url.hash !== '')
    problems.push({
      path,
      message: ['Une adresse où l’on poste n’a pas de #fragment.', 'An address to post to has no #fragment.'],
    });
  for (const name of url.searchParams.keys()) {
    if (/(api_?key|token|secret|password)$/i.test(name))
      problems.push({
        path,
        message: [
          `Le paramètre ${name} ressemble à un secret : faites de toute l’adresse secret:NOM.`,
          `The parameter ${name} looks like a secret: make the whole address secret:NAME.`,
        ],
      });
  }
  return problems;
}
