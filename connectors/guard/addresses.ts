// Decides which addresses may be reached: IP addresses in any spelling, and those of HTTP requests. Pure.
// Invariant: an address is judged by the host that a packet would reach, so wrapped IPv4 is unwrapped first; doubt means no. No request is
// sent to a host that contract and authorisation do not name, nor in clear unless the operator permits it.
import ipaddr from 'ipaddr.js';
import { secretName } from './secrets.ts';

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Range = readonly [Address, number];

// Public by its range, but answered by the cloud host itself: Azure's wire server gives out machine credentials.
const metadataInPublicRanges = ['168.63.129.16/32'];
const globalUnicast6: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];
const nat64: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('64:ff9b::'), 96];
const denied = metadataInPublicRanges.map((range) => ipaddr.parseCIDR(range));

/** The host without the brackets of `[::1]` or a trailing dot; lower case. */
export function bareHost(host: string): string {
  const unbracketed = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  return unbracketed.toLowerCase().replace(/\.$/, '');
}

/** The canonical address when `host` is an IP in any spelling (`0x7f.1`, `2130706433`, `[::1]`), else undefined: a name. */
export function literalAddress(host: string): string | undefined {
  const bare = bareHost(host);
  return ipaddr.isValid(bare) ? ipaddr.parse(bare).toString() : undefined;
}

/** Throws on an unreadable range: the operator's typing error must not silently allow or refuse. */
export function parseRanges(ranges: readonly string[]): readonly Range[] {
  return ranges.map((range) => ipaddr.parseCIDR(range));
}

/** True when a packet may be sent to this address: public, or inside one of the operator's ranges. */
export function isReachable(address: string, allowed: readonly Range[]): boolean {
  if (!ipaddr.isValid(address)) return false;
  const outer = ipaddr.parse(address);
  const inner = unwrapped(outer);
  if (within(outer, allowed) || within(inner, allowed)) return true;
  if (within(inner, denied)) return false;
  if (inner.kind() === 'ipv6' && !(inner as ipaddr.IPv6).match(globalUnicast6)) return false;
  return inner.range() === 'unicast';
}

function within(address: Address, ranges: readonly Range[]): boolean {
  return ranges.some(([network, bits]) => address.kind() === network.kind() && address.match(network, bits));
}

// Mapped (::ffff:a.b.c.d) and NAT64 addresses end at the IPv4 inside. 6to4, Teredo and local NAT64 remain wrapped: refused.
function unwrapped(address: Address): Address {
  if (address.kind() === 'ipv4') return address;
  const six = address as ipaddr.IPv6;
  if (six.isIPv4MappedAddress()) return six.toIPv4Address();
  return six.match(nat64) ? new ipaddr.IPv4(six.toByteArray().slice(12)) : six;
}

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

/** The host of an address; none where the whole address is a secret. */
export const hostsOf = (text: string): readonly string[] =>
  [hostOf(text)].filter((host) => host !== undefined);

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

interface HttpTarget {
  readonly allowedTargets: readonly string[];
  readonly network: { readonly allowPlaintext: boolean };
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
