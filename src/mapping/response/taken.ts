// Compiles what a rule takes from an answer besides the reference: the reason of a refusal, and the delay of the next attempt.
// Invariant: a reason is a code of the file's own list; a recipient's free text is never kept (guarantee 7).
import { retryAfterMs } from '../../../connectors/http-status.ts';
import { safeCode } from '../../domain/delivery.ts';
import type { Path, Report } from '../document/problems.ts';
import { isRecord } from '../document/yaml.ts';
import { parseDuration } from '../fields/time.ts';
import { placeForms, placeOf } from './answer.ts';
import type { Opened } from './answer.ts';
import type { Both } from '../../../connectors/contract.ts';

const isCode = (value: unknown): value is string =>
  typeof value === 'string' && /^[A-Za-z0-9_.-]{1,64}$/.test(value);

const noCode: Both = [
  'un motif est un code de lettres, chiffres, _ . - seulement.',
  'a reason is a code of letters, digits, _ . - only.',
];

export function compileReason(
  raw: unknown,
  path: Path,
  report: Report,
): ((opened: Opened) => string) | undefined {
  if (raw === undefined) return undefined;
  if (typeof raw === 'string' && !/^(?:\$|(?:xml|xpath|css|header):)/.test(raw)) {
    if (isCode(raw)) return () => raw;
    report.error(path, 'MAP-508', noCode);
    return undefined;
  }
  if (!isRecord(raw)) {
    report.error(path, 'MAP-503', [
      'un motif pris de la réponse a besoin de {path, map: {..., else}} : le texte libre d’un destinataire n’est jamais gardé.',
      "a reason taken from the answer needs {path, map: {..., else}}: a recipient's free text is never kept.",
    ]);
    return undefined;
  }
  const place = placeOf(raw['path'], [...path, 'path'], report, [
    'MAP-505',
    [
      `path est un endroit de la réponse : ${placeForms[0]}.`,
      `path is a place of the answer: ${placeForms[1]}.`,
    ],
  ]);
  const map = raw['map'];
  if (!isRecord(map) || !Object.hasOwn(map, 'else')) {
    report.error(
      isRecord(map) ? [...path, 'map'] : path,
      'MAP-503',
      [
        'le motif n’a pas de table avec else : le texte libre d’un destinataire n’est jamais gardé.',
        "the reason has no map with else: a recipient's free text is never kept.",
      ],
      { at: 'key' },
    );
    return undefined;
  }
  for (const [key, value] of Object.entries(map)) {
    if (!isCode(value)) report.error([...path, 'map', key], 'MAP-508', noCode);
  }
  const codes = new Map(Object.entries(map));
  codes.delete('else');
  const other = safeCode(map['else']);
  if (place === undefined) return undefined;
  return (opened) => {
    const found = place(opened);
    const code =
      typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean'
        ? codes.get(String(found))
        : undefined;
    return code === undefined ? other : safeCode(code);
  };
}

export function compileAfter(
  raw: Record<string, unknown>,
  path: Path,
  report: Report,
  now: () => number,
): ((opened: Opened) => number | undefined) | undefined {
  if (!Object.hasOwn(raw, 'after')) return undefined;
  const fixed = parseDuration(raw['after']);
  if (fixed !== undefined) return () => fixed;
  const place = placeOf(raw['after'], [...path, 'after'], report, [
    'MAP-505',
    [
      'after est header:Retry-After, un endroit de la réponse en secondes, ou une durée comme 30s.',
      'after is header:Retry-After, a place of the answer in seconds, or a duration such as 30s.',
    ],
  ]);
  if (place === undefined) return undefined;
  return (opened) => retryAfterMs(place(opened), opened.answer.headers['date'], now);
}
