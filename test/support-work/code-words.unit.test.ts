// A code of ours behind the colon of a reason is told in words, in French and in English; a recipient's own stays what it is.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { endWords, whyText } from '../../src/support/answer-words.ts';
import { codeWords } from '../../src/support/code-words.ts';
import { reasonWords } from '../../src/support/words.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/errors.md'), 'utf8');
const [, section = ''] = /### After the colon\n([\s\S]*?)\n## /.exec(page) ?? [];
const codes = [...section.matchAll(/^- `([A-Z0-9_]+)(\.\.\.)?`:/gm)].map(
  ([, code = '', more]) => code + (more === undefined ? '' : 'X'),
);

test('every code of docs/errors.md has its words in both languages', () => {
  expect(codes.length).toBeGreaterThan(90);
  const told = codes.map((code) => [code, codeWords(code)] as const);
  expect(told.filter(([, words]) => words === undefined).map(([code]) => code)).toEqual([]);
  for (const [code, [french = '', english = ''] = []] of told) {
    expect([code, french.length > 5, english.length > 5]).toEqual([code, true, true]);
    expect([code, french]).not.toEqual([code, english]);
  }
});

test('a cause says in words what we found, and keeps its code', () => {
  expect(reasonWords('retry:CONNECT_REFUSED')).toEqual([
    'nouvel essai prévu (CONNECT_REFUSED) : rien n’écoute à cette adresse',
    'next try due (CONNECT_REFUSED): nothing listens there',
  ]);
  expect(reasonWords('invalid:SCHEMA_PATTERN')[0]).toMatch(/\(SCHEMA_PATTERN\) : le schéma du client/);
});

test('what a recipient refuses under a code spelt like one of ours is the recipient’s', () => {
  for (const code of ['DNS', 'REQUIRED', 'LOGIN_ALREADY_TAKEN', 'HTTP_422'])
    expect(reasonWords(`refused:${code}`)[0]).toBe(`refusé par le destinataire (${code})`);
  expect(reasonWords('refused:NAME_TAKEN')[0]).toMatch(/\(NAME_TAKEN\) : un fichier de ce nom/);
  expect(reasonWords('throttled:HTTP_429')[0]).toBe('le destinataire demande de ralentir (HTTP_429)');
});

test('behind an outcome a code is told once', () => {
  expect(whyText('unavailable', 'CONNECT_TIMEOUT', 'fr')).toBe('pas de connexion à temps (CONNECT_TIMEOUT)');
  expect(whyText('unauthorized', 'SECRET_MISSING', 'fr')).toBe('SECRET_MISSING');
  expect(whyText('refused', 'PROGRAMME_CLOSED', 'fr')).toBe('PROGRAMME_CLOSED');
  expect(endWords('unavailable', 'DNS')).toEqual([
    'indisponible : son nom n’existe pas dans le DNS',
    'unavailable: its name does not resolve',
  ]);
  expect(endWords('unauthorized', 'HTTP_401')[0]).toBe('accès refusé : nos identifiants ou nos droits');
});
