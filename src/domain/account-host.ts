// Judges the host part of a MySQL account: one host, or many (C40). Pure.
// Invariant: a pattern, a network or an empty host is many, however narrow it is.

/** True where the host part names one address or one host name: no `%`, no `_`, no network mask wider than the address. */
export function isOneHost(host: string): boolean {
  if (host === '' || /[%_]/.test(host)) return false;
  const [address = '', mask] = host.split('/');
  // 32 bits of an IPv6 address are a whole provider's network.
  return mask === undefined || mask === '255.255.255.255' || mask === (address.includes(':') ? '128' : '32');
}

/** The host part of `CURRENT_USER()`: `relais@10.0.3.7` gives `10.0.3.7`. */
export const hostOfAccount = (account: string): string => account.slice(account.lastIndexOf('@') + 1);
