// Writes a file's settings besides its content as lines of words: the meaning of answers, the leads it takes, the opt-in.
// Invariant: two files have the same lines exactly when they mean the same; nothing of a lead is in them.
import type { InWords } from '../contract.ts';
import { blockAt, isRecord, listAt } from '../document/yaml.ts';
import { ruleKinds } from '../response/rule.ts';

type Raw = Readonly<Record<string, unknown>>;

export function inWords(mapping: Raw): InWords {
  const calls = ['create', 'update', 'erase'].flatMap((action) => {
    const block = action === 'create' ? mapping : mapping[action];
    return (isRecord(block) ? listAt(block, 'calls') : []).filter(isRecord).flatMap((call) => [
      { action, name: shown(call['name']), call },
      { action, name: `undo of ${shown(call['name'])}`, call: blockAt(call, 'undo') },
    ]);
  });
  return {
    answers: [
      ...calls.flatMap(({ action, name, call }) =>
        listAt(call, 'response').map((rule) => `${name} (${action}): ${ruleWords(rule)}`),
      ),
      ...listAt(mapping, 'response').map(ruleWords),
    ],
    accepts: isRecord(mapping['accepts'])
      ? Object.entries(mapping['accepts']).map(([key, value]) => `${key}: ${alternatives(value)}`)
      : [],
    consent: [...consentWords(mapping), ...consentWords(mapping['update']).map((line) => `update: ${line}`)],
  };
}

const consentWords = (block: unknown): readonly string[] =>
  listAt(block, 'consent').map((line) => (isRecord(line) ? inside(line) : shown(line)));

function ruleWords(rule: unknown): string {
  if (!isRecord(rule)) return shown(rule);
  const kind = ruleKinds.find((known) => Object.hasOwn(rule, known)) ?? '?';
  const { [kind]: conditions, ...taken } = rule;
  const when = isRecord(conditions) ? Object.entries(conditions).map(conditionWords) : [];
  const rest = Object.entries(taken).map(([key, value]) => `${key} ${shown(value)}`);
  return `${when.length === 0 ? 'any answer' : when.join(' and ')}: ${[kind, ...rest].join('; ')}`;
}

function conditionWords([name, wanted]: readonly [string, unknown]): string {
  if (!isRecord(wanted) || Object.hasOwn(wanted, 'contains')) return `${name} ${comparison(wanted)}`;
  return Object.entries(wanted)
    .map(([place, value]) => `${name} ${place} ${comparison(value)}`)
    .join(' and ');
}

function comparison(wanted: unknown): string {
  if (!isRecord(wanted)) return alternatives(wanted);
  if (Object.hasOwn(wanted, 'exists')) return wanted['exists'] === false ? 'absent' : 'there';
  if (Object.hasOwn(wanted, 'matches')) return `matches ${alternatives(wanted['matches'])}`;
  return `contains ${alternatives(wanted['contains'])}`;
}

const alternatives = (value: unknown): string => [value].flat().map(shown).join(' or ');

const inside = (value: Raw): string =>
  Object.entries(value)
    .map(([key, inner]) => `${key}: ${shown(inner)}`)
    .join(', ');

/** `"1"` is a text, 1 a number; a word needs no quotes. */
function shown(value: unknown): string {
  if (typeof value === 'string')
    return /^[^\s"{}[\],]+$/.test(value) && !/^(?:[\d.+-]+|true|false|null)$/.test(value)
      ? value
      : JSON.stringify(value);
  if (Array.isArray(value)) return `[${(value as unknown[]).map(shown).join(', ')}]`;
  return isRecord(value) ? `{${inside(value)}}` : (JSON.stringify(value) ?? '(nothing)');
}
