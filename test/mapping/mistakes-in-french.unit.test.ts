// Each mistake of a mapping is told in French beside its English, from the same values; what is still in English is listed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../../src/mapping/contract.ts';
import { formatProblemInFrench } from '../../src/mapping/document/problems.ts';
import { check, fixtures, webhook } from './support.ts';

const sound = webhook('- {to: nom, from: identity.lastName}');

const textsIn = (folder: string): readonly string[] =>
  readdirSync(join(fixtures, folder)).map((file) =>
    readFileSync(join(fixtures, folder, file), 'utf8').replaceAll(/^#! .*\n/gm, ''),
  );

function problemsIn(text: string, more: Readonly<Record<string, string>> = {}): readonly Problem[] {
  const result = check(text, more);
  return result.ok ? result.warnings : result.problems;
}

const all = [
  ...textsIn('mistakes').flatMap((text) => problemsIn(text)),
  ...textsIn('client-mistakes').flatMap((text) => problemsIn(sound, { 'demo/client.yaml': text })),
];

/**
 * Of these codes some message is in English alone: parsers of others (001, 504, 505), forms that a schema describes (105),
 * patterns of dates and numbers (202), settings of a connector (406, 416, 621), the dialect of a CSV (708).
 */
const stillEnglish: readonly string[] = [
  'MAP-001',
  'MAP-105',
  'MAP-202',
  'MAP-406',
  'MAP-416',
  'MAP-504',
  'MAP-505',
  'MAP-621',
  'MAP-708',
];

test('a mistake is told in French too, but for those that are listed', () => {
  expect(all.length).toBeGreaterThan(150);
  const codes = new Set(all.filter(({ french }) => french === undefined).map(({ code }) => code));
  expect([...codes].toSorted((a, b) => a.localeCompare(b))).toEqual(stillEnglish);
});

/** What is quoted, a number or a key of the language stands in both sentences. */
const valuesIn = (text: string): readonly string[] =>
  [...text.matchAll(/"([^"]+)"|« ([^»]+) »/g)].map(([, english, french]) => english ?? french ?? '');

test('both sentences are made of the same values', () => {
  for (const { code, message, french = message } of all) {
    const missing = valuesIn(message).filter((value) => !french.includes(value));
    expect([code, message, missing]).toEqual([code, message, []]);
  }
});

test('no French sentence is the English one, and each ends as a sentence', () => {
  for (const { message, french } of all) {
    if (french === undefined) continue;
    expect(french).not.toBe(message);
    expect(french).toMatch(/[.!?})»]$/);
  }
});

test('a line in French says where, what, and what was meant', () => {
  const [problem] = problemsIn(sound.replace('identity.lastName', 'identity.lastNam'));
  if (problem === undefined) throw new Error('a source that does not exist was accepted');
  expect(formatProblemInFrench(problem)).toMatch(
    /^mappings\/demo\/crm\.yaml:\d+:\d+ {2}MAP-201 {2}la source « identity\.lastNam » n’existe pas\. Vouliez-vous dire « identity\.lastName » \?$/,
  );
});
