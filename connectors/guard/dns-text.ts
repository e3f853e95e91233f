// Reads TXT records by DNS, for tests of a destination.
// Invariant: never throws; a missing answer is not taken for a missing record.
import { Resolver } from 'node:dns/promises';

/** Records, each joined from its strings; `silent`: no resolver answered. */
export type TextRecords = readonly string[] | 'silent';

/** @param nameServers `address:port` of resolvers to ask; the system's when absent */
export async function textRecords(name: string, nameServers?: readonly string[]): Promise<TextRecords> {
  const resolver = new Resolver({ timeout: 1_500, tries: 1 });
  if (nameServers !== undefined) resolver.setServers(nameServers);
  try {
    return (await resolver.resolveTxt(name)).map((strings) => strings.join(''));
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    return code === 'ENOTFOUND' || code === 'ENODATA' ? [] : 'silent';
  }
}
