// Decides which IP addresses may be reached, in any spelling. Pure.
// Invariant: an address is judged by the host that a packet would reach, so wrapped IPv4 is unwrapped first; doubt means no.
import ipaddr from 'ipaddr.js';

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
