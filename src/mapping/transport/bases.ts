// Completes addresses that begin with `/` by `send.base`, or by the host of `send.url`, before any other code reads them.
// Invariant: changes texts under `url` and `tokenUrl` of the settings alone, and every value keeps its place in the file.
import type { Path, Report, Tree } from '../document/problems.ts';
import { blockAt, isRecord, listAt, textAt } from '../document/yaml.ts';

type Block = Readonly<Record<string, unknown>>;

interface Base {
  /** Without a slash at its end; undefined where the file gives no base. */
  readonly text: string | undefined;
  readonly report: Report;
}

/** The mapping with whole addresses, and without `base`. */
export function withBases(tree: Tree, report: Report): Tree {
  const mapping = tree.value;
  if (!isRecord(mapping)) return tree;
  const send = blockAt(mapping, 'send');
  const base: Base = { text: baseOf(send) ?? hostOf(textAt(send, 'url')), report };
  const sandbox = blockAt(mapping, 'sandbox');
  const trial: Base = { ...base, text: baseOf(blockAt(sandbox, 'send')) ?? base.text };
  const value = {
    ...placed(mapping, [], base),
    ...inBlock(mapping, 'update', base),
    ...inBlock(mapping, 'erase', base),
    ...(isRecord(mapping['readBack'])
      ? { readBack: settingsOf(mapping['readBack'], ['readBack'], base) }
      : {}),
    ...(isRecord(mapping['sandbox'])
      ? { sandbox: placed(inSandbox(sandbox, send), ['sandbox'], trial) }
      : {}),
  };
  return { ...tree, value };
}

/** A sandbox that only has another base uses the create's address there. */
function inSandbox(sandbox: Block, { url }: Block): Block {
  const send = blockAt(sandbox, 'send');
  const moves = send['base'] !== undefined && send['url'] === undefined;
  return moves && typeof url === 'string' && url.startsWith('/')
    ? { ...sandbox, send: { ...send, url } }
    : sandbox;
}

const inBlock = (mapping: Block, action: string, base: Base): Block =>
  isRecord(mapping[action]) ? { [action]: placed(mapping[action], [action], base) } : {};

/** The parts of a block that hold addresses: `send`, and that of each call. */
function placed(block: Block, path: Path, base: Base): Block {
  const calls = listAt(block, 'calls').map((call, index): unknown =>
    isRecord(call) ? placed(call, [...path, 'calls', index], base) : call,
  );
  return {
    ...block,
    ...(isRecord(block['undo']) ? { undo: placed(block['undo'], [...path, 'undo'], base) } : {}),
    ...(isRecord(block['send']) ? { send: settingsOf(block['send'], [...path, 'send'], base) } : {}),
    ...(Array.isArray(block['calls']) ? { calls } : {}),
  };
}

const addressKeys: ReadonlySet<string> = new Set(['url', 'tokenUrl']);

function settingsOf({ base: _base, ...settings }: Block, path: Path, base: Base): Block {
  const walk = (value: unknown, at: Path): unknown => {
    if (typeof value === 'string')
      return addressKeys.has(String(at.at(-1))) ? wholeAddress(value, at, base) : value;
    if (!isRecord(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, walk(inner, [...at, key])]));
  };
  return walk(settings, path) as Block;
}

function wholeAddress(url: string, path: Path, { text, report }: Base): string {
  if (!url.startsWith('/')) return url;
  if (text !== undefined) return `${text}${url}`;
  report.error(path, 'MAP-415', [
    `« ${url} » n’est que la fin d’une adresse : ajoutez send.base, comme https://crm.example.`,
    `"${url}" is only the end of an address: add send.base, such as https://crm.example.`,
  ]);
  return url;
}

const baseOf = (send: Block): string | undefined => textAt(send, 'base')?.replace(/\/+$/, '');

/** `https://crm.demo.example` of an address; undefined where it is a secret or a path. */
const hostOf = (url: string | undefined): string | undefined => /^https?:\/\/[^/?#]+/.exec(url ?? '')?.[0];
