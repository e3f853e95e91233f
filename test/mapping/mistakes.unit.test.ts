// One file for each mistake: its last lines, `#! ...`, are what a person must read.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { mappingProblems } from '../../src/mapping/document/problem-catalogue.ts';
import { check, demoClient, fixtures, problemsOf, webhook } from './support.ts';

function cases(folder: string): readonly { name: string; text: string; expected: readonly string[] }[] {
  return readdirSync(join(fixtures, folder)).map((file) => {
    const whole = readFileSync(join(fixtures, folder, file), 'utf8');
    const expected = whole.split('\n').flatMap((line) => (line.startsWith('#! ') ? [line.slice(3)] : []));
    return { name: file.replace('.yaml', ''), text: whole.replaceAll(/^#! .*\n/gm, ''), expected };
  });
}

const sound = webhook('- {to: nom, from: identity.lastName}');

describe('every mistake is told at its line and column, with what was meant', () => {
  test.each(cases('mistakes'))('$name', ({ text, expected }) => {
    expect(expected.length).toBeGreaterThan(0);
    expect(problemsOf(text)).toEqual(expected);
  });

  test.each(cases('client-mistakes'))('client.yaml: $name', ({ text, expected }) => {
    expect(expected.length).toBeGreaterThan(0);
    expect(problemsOf(sound, { 'demo/client.yaml': text })).toEqual(expected);
  });
});

test('ten different mistakes in one file are all told at once', () => {
  const text = readFileSync(join(fixtures, 'mistakes', 'ten-at-once.yaml'), 'utf8');
  const result = check(text);
  if (result.ok) throw new Error('a mapping with ten mistakes was accepted');
  expect(new Set(result.problems.map((problem) => problem.code)).size).toBeGreaterThanOrEqual(10);
});

test('a file without mistakes has no problem and compiles', () => {
  expect(problemsOf(sound)).toEqual([]);
  expect(check(sound).ok).toBe(true);
});

test('a no-break space inside a text is no mistake', () => {
  const field = '{to: nom, from: identity.lastName}';
  const text = '{to: info, value: "Appartement\n      note:\u00a0demain"}';
  expect(problemsOf(sound.replace(field, `${field}\n  - ${text}`))).toEqual([]);
});

test('a message never repeats a value that could be a secret', () => {
  const secret = 'tk_live_9f8e7d';
  for (const place of [
    `auth: {bearer: ${secret}}`,
    `headers: {X-Token: ${secret}}`,
    `url: "https://a:${secret}@crm.demo.example/"`,
  ]) {
    const text = sound.replace(
      'url: https://crm.demo.example/api',
      place.startsWith('url') ? place : `url: https://crm.demo.example/api, ${place}`,
    );
    const problems = problemsOf(text);
    expect(problems.join('\n')).toContain('MAP-404');
    expect(problems.join('\n')).not.toContain(secret);
  }
});

test('a mistake in a preset is told in the preset, at its line', () => {
  const problems = problemsOf(`extends: presets/own\n${sound}`, {
    'presets/own.yaml': 'maxAge: 3d\nretry: soon\n',
  });
  expect(problems).toEqual([
    'mappings/presets/own.yaml:2:8  MAP-602  retry is standard, patient, quick or a list of delays: [5s, 30s, 2m].',
  ]);
});

test('a preset that extends itself is told', () => {
  const problems = problemsOf(`extends: presets/a\n${sound}`, {
    'presets/a.yaml': 'extends: presets/b\n',
    'presets/b.yaml': 'extends: presets/a\n',
  });
  expect(problems.join('\n')).toContain('MAP-411  "presets/a" extends itself.');
});

test('an authorisation without targets of an address that is a secret says what it covers', () => {
  const client = demoClient.replace('targets: [crm.demo.example], ', '');
  const text = sound.replace('url: https://crm.demo.example/api', 'url: secret:CRM_URL');
  expect(problemsOf(text, { 'demo/client.yaml': client })).toEqual([
    'mappings/demo/crm.yaml:3:13  MAP-413  warning: the address is a secret: the authorisation of "Demo" names no targets, so it covers every host of client.yaml: crm.demo.example, sftp.demo.example.',
  ]);
  expect(problemsOf(text)).toEqual([]);
});

test('every code has a meaning and a remedy', () => {
  for (const [code, [meaning, remedy]] of Object.entries(mappingProblems)) {
    expect(code).toMatch(/^MAP-\d{3}$/);
    expect(meaning.length).toBeGreaterThan(15);
    expect(remedy.length).toBeGreaterThan(5);
  }
});
