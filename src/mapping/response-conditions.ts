// The conditions of a response rule: status, json, xml, text, header, mediaType; all must hold.
// Invariant: equality is typed (true is not "true"), and a part the answer does not have matches nothing.
import { parsePath } from './answer.ts';
import type { Opened } from './answer.ts';
import { isRecord } from './document.ts';
import { isScalarValue } from './formatters.ts';
import type { Path, Report } from './problems.ts';
import { suggest } from './suggest.ts';

export type AnswerTest = (opened: Opened) => boolean;

export const answerConditions: readonly string[] = ['status', 'json', 'xml', 'text', 'header', 'mediaType'];

/** Whether a status list can match a status. */
export function statusTest(raw: unknown): ((status: number) => boolean) | undefined {
  const list = Array.isArray(raw) ? (raw as unknown[]) : [raw];
  const tests = list.map((one): ((status: number) => boolean) | undefined => {
    if (typeof one === 'number' && Number.isInteger(one) && one >= 100 && one <= 599)
      return (status) => status === one;
    const range = typeof one === 'string' ? /^([1-5]\d\d)-([1-5]\d\d)$/.exec(one) : null;
    if (range !== null) {
      const [from, to] = [Number(range[1]), Number(range[2])];
      return from <= to ? (status) => status >= from && status <= to : undefined;
    }
    const family = typeof one === 'string' ? /^([1-5])xx$/i.exec(one)?.[1] : undefined;
    return family === undefined ? undefined : (status) => Math.floor(status / 100) === Number(family);
  });
  if (tests.length === 0 || tests.includes(undefined)) return undefined;
  return (status) => tests.some((test) => test?.(status) === true);
}

/** Compiles the block of conditions of one rule. */
export function compileAnswerTest(raw: unknown, path: Path, report: Report): AnswerTest {
  if (!isRecord(raw)) {
    report.error(
      path,
      'MAP-504',
      `the conditions of a rule are a block with ${answerConditions.join(', ')}.`,
    );
    return () => false;
  }
  const tests = Object.entries(raw).map(([name, option]) =>
    compileOne(name, option, [...path, name], report),
  );
  return (opened) => tests.every((test) => test(opened));
}

function compileOne(name: string, option: unknown, path: Path, report: Report): AnswerTest {
  const wrong = (message: string): AnswerTest => {
    report.error(path, 'MAP-504', message);
    return () => false;
  };
  switch (name) {
    case 'status': {
      const test = statusTest(option);
      if (test === undefined)
        return wrong('status is a number, 2xx, 4xx or 5xx, a range such as 500-504, or a list of these.');
      return ({ answer }) => test(answer.status);
    }
    case 'json':
    case 'xml':
      return comparePlaces(name, option, path, report);
    case 'text': {
      const words = isRecord(option) ? option['contains'] : option;
      const list = Array.isArray(words) ? (words as unknown[]) : [words];
      if (!list.every((one): one is string => typeof one === 'string' && one !== ''))
        return wrong('text needs the words to find: {contains: "..."}.');
      return ({ answer }) => list.some((one) => answer.text.includes(one));
    }
    case 'header': {
      if (!isRecord(option)) return wrong('header needs names and values: {header: {x-result: ok}}.');
      const wanted = Object.entries(option).map(([key, value]) => [key.toLowerCase(), value] as const);
      if (!wanted.every(([, value]) => isScalarValue(value)))
        return wrong('the value of a header is a text.');
      return ({ answer }) =>
        wanted.every(
          ([key, value]) => answer.headers[key]?.trim().toLowerCase() === String(value).toLowerCase(),
        );
    }
    case 'mediaType': {
      if (typeof option !== 'string') return wrong('mediaType is a text such as application/json.');
      const wanted = option.toLowerCase();
      return ({ answer }) => answer.mediaType.toLowerCase().split(';')[0]?.trim() === wanted;
    }
    default:
      report.error(path, 'MAP-504', `condition "${name}" does not exist.`, {
        at: 'key',
        suggestion: suggest(name, answerConditions),
      });
      return () => false;
  }
}

function comparePlaces(name: 'json' | 'xml', option: unknown, path: Path, report: Report): AnswerTest {
  if (!isRecord(option) || Object.keys(option).length === 0) {
    report.error(path, 'MAP-504', `${name} needs places and values: {${name}: {error.code: DUPLICATE}}.`);
    return () => false;
  }
  const tests = Object.entries(option).map(([place, wanted]): AnswerTest => {
    const keys = parsePath(place);
    const exists =
      isRecord(wanted) && Object.keys(wanted).length === 1 && typeof wanted['exists'] === 'boolean'
        ? wanted['exists']
        : undefined;
    const list = Array.isArray(wanted) ? (wanted as unknown[]) : [wanted];
    if (
      keys === undefined ||
      (exists === undefined && !list.every((one) => isScalarValue(one) || one === null))
    ) {
      report.error(
        [...path, place],
        'MAP-504',
        `"${place}" needs a dot path and a value, a list of values, or {exists: true}.`,
      );
      return () => false;
    }
    const read = (opened: Opened): unknown => (name === 'json' ? opened.json(keys) : opened.xml(keys));
    if (exists !== undefined) return (opened) => (read(opened) !== undefined) === exists;
    // XML has texts only: there 1 is read as "1".
    const values = name === 'xml' ? list.map(String) : list;
    return (opened) => values.includes(read(opened));
  });
  return (opened) => tests.every((test) => test(opened));
}
