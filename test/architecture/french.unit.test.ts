// The French that people read: one apostrophe, and one word for one thing, in every text of the sources.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './planted-tree.ts';

const elided =
  /(?<![A-Za-zÀ-ÿ]|dd')(?:[ldnsjmtc]|qu|jusqu|lorsqu|puisqu|quelqu|aujourd|presqu)\\?'(?=[A-Za-zÀ-ÿœ«]|\$\{)/i;
/** What a client grants a recipient is an `habilitation`, in French alone. */
const otherWord = /\bautorisations?\b/i;

/** A person's request for rights is a `demande`; a lead is a `lead`, also in French. */
const lead =
  /(?:['"`([\d]\s?|\$\{[^}]*\}\s|(?<![A-Za-zÀ-ÿ])(?:l[ae]s?|une|cette|de|des|chaque|aucune|toutes?|sans|quelles?|certaines|dernières|nouvelles?|vraies?|sa|ses|vos|leurs?)\s)(?<!à la )demandes?\b(?!-|’|\.\w| (?:de (?:droits|rappel)|d’(?:effacement|accès)|n°|à |au |\$\{))/i;
/** The pages, letters and refusals of requests for rights: there it is the only `demande`. */
const ofRequests = /^src\/(?:privacy\/(?:requests|person|proofs)\/|console\/words\/request(?:s|-states)\.ts)/;

const isComment = (line: string): boolean => /^\s*(?:\/\/|\/?\*)/.test(line);

const found = (text: string, pattern: RegExp): readonly string[] =>
  text.split('\n').filter((line) => !isComment(line) && pattern.test(line));

const texts = ['src', 'connectors']
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  )
  .filter((path) => path.endsWith('.ts'))
  .map((path) => [path, readFileSync(join(root, path), 'utf8')] as const);

test.each([
  [`fr: "l'envoi s'est interrompu"`, true],
  ["`La demande n° ${id} d'une personne`", true],
  ["`jusqu'${day}`", true],
  [String.raw`fr: 'l\'envoi'`, true],
  [`fr: 'l’envoi s’est interrompu'`, false],
  [`en: "does not fit the client's format"`, false],
  [`"don't", "it isn't", "can't"`, false],
  [`"yyyy-MM-dd'T'HH:mm:ss"`, false],
  ["SELECT 'd' AS a, 'l'", false],
  [`// l'envoi`, false],
])('a straight apostrophe is seen: %s', (line, isSeen) => {
  expect(found(line, elided).length > 0).toBe(isSeen);
});

test('every French text has the typographic apostrophe', () => {
  expect(texts.length).toBeGreaterThan(700);
  expect(
    texts.flatMap(([path, text]) => found(text, elided).map((line) => `${path}: ${line.trim()}`)),
  ).toEqual([]);
});

test.each([
  ["title: 'Demandes'", true],
  ['`${count} demandes en moins`', true],
  ["'Une demande n’a pas été livrée.'", true],
  ["'trop de demandes'", true],
  ["'demande non transmise'", true],
  ["'Demandes de droits'", false],
  ["'à la demande de la personne'", false],
  ["'le destinataire demande de ralentir'", false],
  ["'Demande de rappel'", false],
  ["'Demander au client'", false],
])('a lead that is called a demande is seen: %s', (line, isSeen) => {
  expect(found(line, lead).length > 0).toBe(isSeen);
});

test('a lead is called a lead in French too: a demande is what a person asks for its rights', () => {
  const others = texts.filter(([path]) => !ofRequests.test(path));
  expect(
    others.flatMap(([path, text]) => found(text, lead).map((line) => `${path}: ${line.trim()}`)),
  ).toEqual([]);
});

test('what a client grants a recipient is called by one word', () => {
  expect(found("title: 'Les autorisations'", otherWord)).toHaveLength(1);
  expect(
    texts.flatMap(([path, text]) => found(text, otherWord).map((line) => `${path}: ${line.trim()}`)),
  ).toEqual([]);
});
