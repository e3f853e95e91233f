// HTTP addresses: their host, what they lead to, and whether anything may leave for them. Pure.
// Invariant: nothing leaves for a host that contract and authorisation do not name, nor in clear unless the operator says so.
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

/** What an address leads to: two that differ in scheme, query or a last slash lead to one endpoint. */
export function endpointOf(text: string): string {
  if (text.startsWith('secret:')) return text;
  const url = URL.parse(text.replaceAll(/\{[^{}]*\}/g, 'x'));
  if (url === null) return text;
  return `${url.host.toLowerCase()}${url.pathname.replaceAll(/\/+/g, '/').replace(/\/$/, '')}`;
}

/** Whether what is sent there could be read on its way over a network. */
export function isInClear(text: string): boolean {
  const host = /^http:/i.test(text) ? URL.parse(text.replaceAll(/[{}]/g, ''))?.hostname : undefined;
  return host !== undefined && !['localhost', '127.0.0.1', '[::1]'].includes(host);
}

export interface HttpTarget {
  readonly allowedTargets: readonly string[];
  readonly network: HttpPolicy;
}

/** Why nothing may leave for this address. For a secret one this is the first moment its host is known. */
export function targetRefusal(
  url: URL,
  { allowedTargets, network }: HttpTarget,
): 'TARGET_NOT_ALLOWED' | 'PLAINTEXT_NOT_ALLOWED' | undefined {
  const host = bareHost(url.hostname);
  if (!allowedTargets.some((target) => target.toLowerCase() === host)) return 'TARGET_NOT_ALLOWED';
  return url.protocol !== 'https:' && !network.allowPlaintext ? 'PLAINTEXT_NOT_ALLOWED' : undefined;
}

type Said = readonly [fr: string, en: string];

/** What is wrong with the shape of an address in clear; placeholders are the connector's to judge. */
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
