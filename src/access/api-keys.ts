// Creates, ends and looks up the API keys of other systems: made by an administrator, shown once, found by their digest.
// Invariant: a key permits its scopes, for its client, from its addresses, until its end.
import { BlockList, isIP } from 'node:net';
import { RelaisError, type BothSentences } from '../errors.ts';
import {
  addApiKey,
  apiKeyOf,
  endApiKey,
  keysInForce,
  listApiKeys,
  type ApiKeyRow,
} from '../store/access/api-keys.ts';
import { inTurn } from '../store/alone.ts';
import type { Sql } from '../store/database.ts';
import { appendHandovers, appendHandover } from '../store/log/handovers.ts';
import { keyActor, requireOpenClient, newToken, tokenDigest, type AccessPlace } from './place.ts';
import { keyScopes, reachOf, type Holder, type Permission } from './permissions.ts';

/** Recognisable in a log or a repository, so that secret scanners find it. */
const prefix = 'relais_';
/** Keys of one name: the one in use, and its successor. */
const mostOfAName = 2;
const mostDays = 730;

export interface KeyAsked {
  /** Name of the system that has the key. */
  readonly name: string;
  readonly scopes: readonly Permission[];
  readonly clientId?: string;
  /** CIDR ranges or single addresses; none: from anywhere. */
  readonly addresses: readonly string[];
  readonly days: number;
}

export const apiKeys = ({ database }: AccessPlace): Promise<readonly ApiKeyRow[]> => listApiKeys(database);

/** @returns the key, shown once. @throws ACCESS-001, FIND-001 */
export async function createApiKey(
  { database }: AccessPlace,
  asked: KeyAsked,
  actor: string,
): Promise<{ readonly id: number; readonly key: string }> {
  const problem = problemOf(asked);
  if (problem !== undefined) throw new RelaisError('ACCESS-001', problem);
  const key = `${prefix}${newToken()}`;
  const id = await database.transaction(async (tx) => {
    if (asked.clientId !== undefined)
      await requireOpenClient(tx, asked.clientId, [
        'aucune clé n’est faite pour lui',
        'no key is made for it',
      ]);
    const made = await inTurn(tx, database, 'api-key', () => addOfAName(tx, asked, key));
    await appendHandover(tx, {
      entry: 'api_key_changed',
      clientId: asked.clientId ?? '',
      actor,
      reason: 'CREATED',
      target: keyActor(made),
      fields: asked.scopes,
    });
    return made;
  });
  return { id, key };
}

/** @throws ACCESS-001 where the name has two keys already */
async function addOfAName(tx: Sql, asked: KeyAsked, key: string): Promise<number> {
  if ((await keysInForce(tx, asked.name)).length >= mostOfAName)
    throw new RelaisError('ACCESS-001', [
      `${asked.name} a ${mostOfAName} clés en vigueur : révoquez-en une d’abord.`,
      `${asked.name} has ${mostOfAName} keys in force: end one of them first.`,
    ]);
  return addApiKey(tx, {
    name: asked.name,
    clientId: asked.clientId,
    scopes: asked.scopes.join(','),
    addresses: asked.addresses.join(','),
    digest: tokenDigest(key),
    days: asked.days,
  });
}

/** @throws FIND-001 where it has ended, or never existed */
export const endKey = ({ database }: AccessPlace, id: number, actor: string): Promise<void> =>
  database.transaction(async (tx) => {
    if (!(await endApiKey(tx, id)))
      throw new RelaisError('FIND-001', [
        `Aucune clé en vigueur n’a le numéro ${id}.`,
        `No key in force has the id ${id}.`,
      ]);
    await appendHandovers(tx, [
      { entry: 'api_key_changed', clientId: '', actor, reason: 'ENDED', target: keyActor(id) },
    ]);
  });

interface KeyHolder {
  readonly id: number;
  readonly holder: Holder;
}

/** Undefined: no key in force, or not valid from this address. */
export async function holderOfKey(
  place: Pick<AccessPlace, 'database'>,
  key: string,
  address: string,
): Promise<KeyHolder | undefined> {
  const row = await rowOfKey(place, key);
  return row === undefined ? undefined : holderOf(row, address);
}

/** A key is read again after so long, so that its last use is noted, ms. */
const knownForMs = 10_000;
const mostKnown = 1_000;

/**
 * The same from memory, for a caller whose act proves in its own transaction that the key is still in force. The scopes, the client
 * and the addresses of a key never change.
 */
export function createKnownKeys(place: Pick<AccessPlace, 'database'>): typeof holderOfKey {
  const known = new Map<string, { readonly row: ApiKeyRow; readonly readAt: number }>();
  return async (_, key, address) => {
    const name = tokenDigest(key).toString('hex');
    const before = known.get(name);
    if (before !== undefined && performance.now() - before.readAt < knownForMs)
      return holderOf(before.row, address);
    known.delete(name);
    const row = await rowOfKey(place, key);
    if (row === undefined) return undefined;
    if (known.size >= mostKnown) known.clear();
    known.set(name, { row, readAt: performance.now() });
    return holderOf(row, address);
  };
}

const rowOfKey = async (
  { database }: Pick<AccessPlace, 'database'>,
  key: string,
): Promise<ApiKeyRow | undefined> =>
  key.startsWith(prefix) && key.length <= 100 ? apiKeyOf(database, tokenDigest(key)) : undefined;

function holderOf(row: ApiKeyRow, address: string): KeyHolder | undefined {
  if (!isFrom(row.addresses.split(',').filter(Boolean), address)) return undefined;
  const scopes = row.scopes
    .split(',')
    .filter((scope): scope is Permission => (keyScopes as readonly string[]).includes(scope));
  return { id: row.id, holder: { kind: 'key', scopes, ...reachOf(row.clientId ?? undefined) } };
}

function isFrom(ranges: readonly string[], address: string): boolean {
  if (ranges.length === 0) return true;
  const allowed = new BlockList();
  for (const range of ranges) {
    const { network, bits, family } = rangeOf(range) ?? {};
    if (network !== undefined && bits !== undefined) allowed.addSubnet(network, bits, family);
  }
  // An IPv4 caller of a dual-stack socket comes as ::ffff:192.0.2.1; BlockList handles that.
  return isIP(address) !== 0 && allowed.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

function rangeOf(
  text: string,
): { readonly network: string; readonly bits: number; readonly family: 'ipv4' | 'ipv6' } | undefined {
  const [network = '', bitsText] = text.split('/');
  const version = isIP(network);
  if (version === 0) return undefined;
  const most = version === 6 ? 128 : 32;
  const bits = bitsText === undefined ? most : /^\d{1,3}$/.test(bitsText) ? Number(bitsText) : -1;
  return bits < 0 || bits > most ? undefined : { network, bits, family: version === 6 ? 'ipv6' : 'ipv4' };
}

function problemOf({ name, scopes, addresses, days, clientId }: KeyAsked): BothSentences | undefined {
  if (!/^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,59}$/u.test(name))
    return [
      'Le nom d’une clé est celui du système qui l’a : 60 lettres, chiffres, espaces ou . _ - au plus.',
      'The name of a key is that of the system that has it: up to 60 letters, digits, spaces or . _ -',
    ];
  if (scopes.length === 0)
    return [
      `Une clé doit avoir au moins un droit : ${keyScopes.join(', ')}.`,
      `A key needs a scope: ${keyScopes.join(', ')}.`,
    ];
  const strange = scopes.find((scope) => !keyScopes.includes(scope));
  if (strange !== undefined)
    return [
      `${strange} n’est pas un droit d’une clé : ${keyScopes.join(', ')}.`,
      `${strange} is no scope of a key: ${keyScopes.join(', ')}.`,
    ];
  const wrong = addresses.find((address) => rangeOf(address) === undefined);
  if (wrong !== undefined)
    return [
      `${wrong} n’est ni une adresse ni une plage CIDR, comme 192.0.2.7 ou 2001:db8::/48.`,
      `${wrong} is no address or CIDR range, such as 192.0.2.7 or 2001:db8::/48.`,
    ];
  if (addresses.join(',').length > 500)
    return ['Il y a trop d’adresses : nommez des plages.', 'These are too many addresses: name ranges.'];
  if (!Number.isInteger(days) || days < 1 || days > mostDays)
    return [`Une clé dure de 1 à ${mostDays} jours.`, `A key lasts 1 to ${mostDays} days.`];
  if (scopes.includes('lead.pull') && clientId === undefined)
    return [
      'Une clé qui retire des leads appartient à un client : nommez-le.',
      'A key that pulls leads belongs to a client: name it.',
    ];
  return undefined;
}
