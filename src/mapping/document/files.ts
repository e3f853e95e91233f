// Reads the texts of a folder; the only file of the engine that touches the disk.
// Invariant: a text is the content of its file, character for character, or a problem that names the file; no file that a
// mapping could name is skipped.
import { lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { parseDocument } from 'yaml';
import type { Both } from '../../../connectors/contract.ts';
import type { Problem } from '../contract.ts';
import { shownFolder } from './yaml.ts';
import type { ProblemCode } from './problems.ts';

// Reads a few keys of a file that has not been checked: its destination, the presets and maps it names.
// Invariant: never throws; a file that cannot be read gives nothing here, and the check reports why.

/** The block at a key of the top; empty when there is none. */
export function topBlock(content: string, key: string): object {
  const top = topOf(content);
  const value = typeof top === 'object' && top !== null ? (top as Record<string, unknown>)[key] : undefined;
  return typeof value === 'object' && value !== null ? value : {};
}

/** A file that may be broken, as data. */
export function topOf(content: string): unknown {
  try {
    return parseDocument(content, { logLevel: 'silent', uniqueKeys: false }).toJS() as unknown;
  } catch {
    return undefined;
  }
}

/** A text at the top of a file that may be broken: the check reports the mistakes. */
export function topText(content: string, key: string): string | undefined {
  // Nearly every file has the key on one plain line: parsing it all would double the time of a check.
  const lines = content.match(new RegExp(`^${key}:.*$`, 'gm')) ?? [];
  const plain = lines.length === 1 ? /^\w+: +([A-Za-z][\w/.-]*) *(?: #.*)?\r?$/.exec(lines[0]) : null;
  if (plain !== null && !/^(true|false|null|yes|no|on|off)$/i.test(plain[1] ?? '')) return plain[1];
  if (lines.length === 0 && !/^[{"'?&!]/m.test(content)) return undefined;
  try {
    const document = parseDocument(content, { logLevel: 'silent', uniqueKeys: false });
    const value: unknown = document.get(key);
    return typeof value === 'string' ? value : undefined;
  } catch {
    // The parser throws on `get` when the top is no block.
    return undefined;
  }
}

export const maxFileBytes = 2_000_000;
const deepest = 12;

/** Extensions that the mapping language reads; other texts may be the client's own papers. */
const languageFiles = new Set(['.yaml', '.yml', '.json', '.xsd']);
const otherTexts = new Set(['.xml', '.csv', '.txt']);

/** Every text under a folder, named from its parent. */
export function readTexts(parent: string, name: string) {
  const files: Record<string, string> = {};
  const problems: Problem[] = [];
  const report = (file: string, code: ProblemCode, said: Both, line = 1): void => {
    const kind = extname(file).toLowerCase();
    if (!languageFiles.has(kind) && !otherTexts.has(kind)) return;
    const severity = languageFiles.has(kind) ? 'error' : 'warning';
    const [french, message] = said;
    problems.push({ file: `${shownFolder}/${file}`, line, column: 1, code, severity, message, french });
  };
  const visit = (relative: string, depth: number): void => {
    const path = join(parent, relative);
    try {
      const facts = statSync(path);
      if (facts.isDirectory()) {
        if (languageFiles.has(extname(relative)))
          report(relative, 'MAP-010', [
            'c’est un dossier, et son nom est celui d’un fichier.',
            'this is a folder, and its name is that of a file.',
          ]);
        if (depth < deepest) for (const inner of namesIn(path)) visit(`${relative}/${inner}`, depth + 1);
      } else if (!facts.isFile())
        report(relative, 'MAP-010', ['ce n’est pas un fichier.', 'this is no file.']);
      else if (facts.size > maxFileBytes)
        report(relative, 'MAP-010', [
          `le fichier a ${facts.size} octets ; ${maxFileBytes} au plus sont lus.`,
          `the file has ${facts.size} bytes; ${maxFileBytes} are read at most.`,
        ]);
      else {
        const read = textIn(readFileSync(path));
        if ('fault' in read) report(relative, 'MAP-009', read.fault, read.line);
        else files[relative] = read.text;
      }
    } catch (error) {
      if (depth > 0 || isThere(path))
        report(relative, 'MAP-010', [
          `le fichier ne peut pas être lu (${codeOf(error)}).`,
          `the file cannot be read (${codeOf(error)}).`,
        ]);
    }
  };
  visit(name, 0);
  return { files, problems };
}

/** Reads one file that a person names: its bytes, or why they cannot be read. */
export function readNamed(path: string): { readonly bytes: Uint8Array } | { readonly fault: string } {
  try {
    const facts = statSync(path);
    if (facts.isDirectory()) return { fault: 'is a folder, not a file' };
    if (!facts.isFile()) return { fault: 'is no file' };
    if (facts.size > maxFileBytes)
      return { fault: `has ${facts.size} bytes; ${maxFileBytes} are read at most` };
    return { bytes: readFileSync(path) };
  } catch (error) {
    return { fault: `cannot be read (${codeOf(error)})` };
  }
}

/** Decodes bytes as UTF-8, which every file of the language uses; a byte order mark is not part of the text. */
export function textIn(
  bytes: Uint8Array,
): { readonly text: string } | { readonly fault: Both; readonly line: number } {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff))
    return {
      line: 1,
      fault: ['le fichier est en UTF-16 ; enregistrez-le en UTF-8.', 'the file is UTF-16; save it as UTF-8.'],
    };
  const whole = utf8(bytes);
  if (whole === undefined) {
    const line = lineOfFault(bytes);
    return {
      line,
      fault: [
        'la ligne n’est pas en UTF-8 (sans doute windows-1252) ; enregistrez le fichier en UTF-8.',
        'the line is not UTF-8 (windows-1252, most likely); save the file as UTF-8.',
      ],
    };
  }
  const lost = whole.indexOf('\uFFFD');
  if (lost < 0) return { text: whole };
  const line = whole.slice(0, lost).split('\n').length;
  return {
    line,
    fault: [
      'la ligne contient U+FFFD : une lettre a été perdue à la conversion du fichier. Écrivez-la de nouveau.',
      'the line holds U+FFFD: a letter was lost when the file was converted. Write it again.',
    ],
  };
}

function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** No character of UTF-8 contains the byte of a line end, so each line can be read by itself. */
function lineOfFault(bytes: Uint8Array): number {
  let line = 1;
  let from = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
    if (utf8(bytes.subarray(from, end)) === undefined) return line;
    line += 1;
    from = end + 1;
  }
  return line;
}

export const namesIn = (path: string): readonly string[] =>
  readdirSync(path)
    .filter((name) => !name.startsWith('.'))
    .toSorted();

export const isDirectory = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};

const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown error';
