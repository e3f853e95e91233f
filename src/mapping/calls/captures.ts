// Compiles `capture:`: where an answer holds the ids that later calls use, and their allowed form.
// Invariant: an id is a safe integer or a short text of safe characters; anything else counts as missing, never as a value.
import type { Captured } from '../../../connectors/contract.ts';
import { placeForms, placeOf } from '../response/answer.ts';
import type { Extract, Opened } from '../response/answer.ts';
import { isRecord } from '../document/yaml.ts';
import { smellsOfPerson } from '../fields/lints.ts';
import { safeReference } from '../../domain/reference.ts';
import type { Path, Report } from '../document/problems.ts';

/** No space, @ or +: a name, a mail address or a phone number is no id and stays out of addresses (guarantee 7). */
const safeId = /^[A-Za-z0-9][A-Za-z0-9._:~=-]{0,127}$/;

/** Names in braces that are ids of earlier answers: `{person.id}`. */
export function capturesIn(url: unknown): readonly string[] {
  return typeof url === 'string'
    ? [...url.matchAll(/\{([^{}]*\.[^{}]*)\}/g)].map(([, name = '']) => name)
    : [];
}

export interface Captures {
  readonly names: readonly string[];
  /** Every id, or the name of the first that the answer does not give. */
  readonly read: (opened: Opened) => { readonly captured: Captured } | { readonly missing: string };
}

/** Compiles the `capture:` of a call. */
export function compileCaptures(
  raw: unknown,
  call: string,
  path: Path,
  report: Report,
): Captures | undefined {
  if (!isRecord(raw)) return undefined;
  const places = Object.entries(raw).map(
    ([name, capture]) => [`${call}.${name}`, compileCapture(capture, [...path, name], report)] as const,
  );
  return {
    names: places.map(([name]) => name),
    read: (opened) => {
      const captured: Record<string, string | number> = {};
      for (const [name, place] of places) {
        const id = place(opened);
        if (id === undefined) return { missing: name };
        captured[name] = id;
      }
      return { captured };
    },
  };
}

type Place = (opened: Opened) => string | number | undefined;

/** `$.data.id`, a list of places of which the first that holds an id counts, or {path, after, before}. */
function compileCapture(raw: unknown, path: Path, report: Report): Place {
  const places = (Array.isArray(raw) ? (raw as unknown[]) : [raw]).map((item, index) =>
    compileOne(item, Array.isArray(raw) ? [...path, index] : path, report),
  );
  return (opened) => {
    for (const place of places) {
      const id = place(opened);
      if (id !== undefined) return id;
    }
    return undefined;
  };
}

function compileOne(raw: unknown, path: Path, report: Report): Place {
  const cut = isRecord(raw) ? raw : { path: raw };
  const text = cut['path'];
  const place = placeOf(text, isRecord(raw) ? [...path, 'path'] : path, report, [
    'MAP-653',
    [
      `un identifiant est pris à un endroit de la réponse : ${placeForms[0]}.`,
      `an id is captured from a place of the answer: ${placeForms[1]}.`,
    ],
  ]);
  if (place === undefined) return () => undefined;
  const names = typeof text === 'string' ? (text.match(/[\p{L}_][\p{L}\p{N}_-]*/gu) ?? []) : [];
  const last = names.at(-1) ?? '';
  if (smellsOfPerson(last))
    report.error(isRecord(raw) ? [...path, 'path'] : path, 'MAP-653', [
      `« ${last} » est, par son nom, une donnée de la personne : seuls des identifiants sont pris.`,
      `"${last}" is a person's data by its name: only ids are captured.`,
    ]);
  return (opened) => idOf(cutOut(place, cut)(opened));
}

/** The text behind the last `after` and before the next `before`: an id inside a Location. */
function cutOut(place: Extract, { after, before }: Record<string, unknown>): Extract {
  if (typeof after !== 'string' && typeof before !== 'string') return place;
  return (opened) => {
    const value = place(opened);
    if (typeof value !== 'string') return value;
    let text = value;
    if (typeof after === 'string') {
      const at = text.lastIndexOf(after);
      if (at < 0) return undefined;
      text = text.slice(at + after.length);
    }
    if (typeof before !== 'string') return text;
    const end = text.indexOf(before);
    return end < 0 ? undefined : text.slice(0, end);
  };
}

function idOf(value: unknown): string | number | undefined {
  // Above 2^53 a number is rounded and would name another record; an id written as text is not.
  if (typeof value === 'number') return Number.isSafeInteger(value) && value > 0 ? value : undefined;
  const text = typeof value === 'string' ? value.trim() : '';
  return text !== '0' && safeId.test(text) ? safeReference(text) : undefined;
}
