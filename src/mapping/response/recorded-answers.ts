// Makes the recipient's answers for trials: as the file's tests record them, or as its rules demand them.
// Invariant: pure; an answer is read the same way in a test and in a trial.
import type { Answer } from '../../../connectors/contract.ts';
import { parsePath } from './answer.ts';
import { blockAt, isRecord, listAt, textAt } from '../document/yaml.ts';
import { textOf } from '../fields/source.ts';

/** The answer a test records; JSON unless its headers name another type. */
export function answerOf(test: Readonly<Record<string, unknown>>): Answer {
  const raw = blockAt(test, 'response');
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(blockAt(raw, 'headers')))
    headers[name.toLowerCase()] = textOf(value);
  const body = raw['body'];
  return {
    status: typeof raw['status'] === 'number' ? raw['status'] : 200,
    headers,
    mediaType: headers['content-type'] ?? 'application/json',
    text: typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body),
    truncated: false,
    ...(typeof raw['asked'] === 'string' ? { asked: raw['asked'] } : {}),
  };
}

/** The first answer the file records as the acceptance of a create, or of one of its calls. */
export function acceptedAnswer(
  whole: Readonly<Record<string, unknown>>,
  call?: { readonly name: string; readonly first: boolean },
): Answer | undefined {
  const test = listAt(whole, 'tests')
    .filter(isRecord)
    .find(
      (candidate) =>
        isRecord(candidate['response']) &&
        candidate['outcome'] === 'accepted' &&
        (candidate['on'] ?? 'create') === 'create' &&
        // A test that names no call is about the first one.
        (call === undefined ||
          (textAt(candidate, 'call') ?? (call.first ? call.name : undefined)) === call.name),
    );
  return test === undefined ? undefined : answerOf(test);
}

/** A sample for any id. */
const anId = 'SANDBOX-1';

/** The least answer the first rule for an acceptance asks for, with an id wherever the file reads one; JSON only. */
export function impliedAnswer(
  whole: Readonly<Record<string, unknown>>,
  call?: Readonly<Record<string, unknown>>,
): Answer | undefined {
  const rule = [...listAt(call, 'response'), ...listAt(whole, 'response')]
    .filter(isRecord)
    .find(
      (accepting) =>
        isRecord(accepting['accepted']) && [accepting['on'] ?? 'create'].flat().includes('create'),
    );
  if (rule === undefined) return undefined;
  const wanted = blockAt(rule, 'accepted');
  const status = firstOf(wanted['status'] ?? 200);
  const body: Record<string, unknown> = {};
  const places = Object.values(blockAt(call ?? {}, 'capture')).map(firstOf);
  for (const place of [rule['reference'], ...places])
    if (typeof place === 'string' && place.startsWith('$.')) put(body, place.slice(2), anId);
  for (const [path, option] of Object.entries(blockAt(wanted, 'json'))) {
    const value = satisfying(firstOf(option));
    if (value !== undefined) put(body, path.replace(/^\$\./, ''), value);
  }
  return {
    headers: {},
    mediaType: 'application/json',
    text: JSON.stringify(body),
    truncated: false,
    status: typeof status === 'number' ? status : Number(String(status).replaceAll(/x/gi, '0')) || 200,
  };
}

/** A value that satisfies the condition; undefined where any does, or none can be guessed. */
function satisfying(wanted: unknown): unknown {
  if (!isRecord(wanted)) return wanted;
  const { exists, matches, contains } = wanted;
  if (typeof matches === 'string') return matches.replaceAll('*', anId);
  if (typeof contains === 'string') return contains;
  return exists === true ? anId : undefined;
}

const firstOf = (value: unknown): unknown => (Array.isArray(value) ? (value as unknown[])[0] : value);

function put(body: Record<string, unknown>, path: string, value: unknown): void {
  const keys = parsePath(path) ?? [];
  let node: Record<string, unknown> = body;
  for (const [index, key] of keys.entries()) {
    if (index === keys.length - 1) {
      node[key] = value;
      return;
    }
    // `data[0].id` is read from a list, whose keys are indices.
    const fresh: unknown = /^\d+$/.test(keys[index + 1] ?? '') ? [] : {};
    const inner = node[key];
    const next = typeof inner === 'object' && inner !== null ? inner : fresh;
    node[key] = next;
    node = next as Record<string, unknown>;
  }
}
