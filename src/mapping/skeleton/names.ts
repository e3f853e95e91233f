// Guesses the source of a client's field from its name, in French and English.
// Invariant: a guess only; nothing is guessed for a name that refers to another person than the prospect.
import { sourceModel, type SourceField } from '../../domain/lead.ts';
import { wordsIn } from '../fields/lints.ts';
import type { SampleField } from './shape.ts';

const squeezed = (name: string): string => wordsIn(name).join('');

/** Groups that are not the prospect's: the agent, the agency, the sender. */
const others =
  /^(agence|agent|commercial|commerciaux|vendeur|conseiller|societe|company|seller|vendor|provider|owner|user|utilisateur)/;

type Rule = readonly [RegExp, string];

/**
 * The patterns are with the fields. This is the order in which they are tried, since one name may match several; the others come last.
 */
const order: readonly (string | Rule)[] = [
  [/naissance|birth|devise|currency|unite$/, ''],
  'project.programme',
  [/^(nomcomplet|fullname|nom(et)?prenom|prenom(et)?nom|contactname|displayname|identite)$/, '(full name)'],
  'identity.email',
  'identity.mobile',
  'identity.landline',
  'identity.phone',
  'identity.civility',
  'identity.firstName',
  'identity.lastName',
  [/^(contact|prospect|client|lead|person|customer|acquereur)*name$/, '(full name)'],
  'identity.address.postcode',
  'identity.address.city',
  'identity.address.line2',
  'identity.address.line1',
  'identity.address.country',
  'project.budgetMin',
  'project.budgetMax',
  'project.surfaceMax',
  'project.surfaceMin',
  'project.rooms',
  'project.housingType',
  'project.use',
  [/programme|program|residence/, 'project.programme'],
  'operation',
  'financial.contribution',
  'financial.referenceTaxIncome',
  'financial.rent',
  'financial.taxBracket',
  'financial.resale',
  'comment',
  'project.location',
  'origin.type',
  'origin.support',
  'origin.media',
  'channel',
  'origin.departement',
  'origin.commune',
  'origin.communeName',
  'origin.recording',
  'origin.talkDuration',
  'collectedAt',
  'id',
];
/** The name of a duration may be that of a time. */
const elementOrder: readonly string[] = ['kind', 'duration'];

/** A field without a pattern is matched by its own name and its French label. */
function patternOf({ path, label, guess }: SourceField): RegExp | undefined {
  const own = [squeezed(path.slice(path.lastIndexOf('.') + 1)), squeezed(label)];
  return guess === undefined ? new RegExp(`^(${own.join('|')})$`) : (guess ?? undefined);
}

function rulesOf(fields: readonly SourceField[], asked: readonly (string | Rule)[]): readonly Rule[] {
  const patterns = new Map(fields.map((field) => [field.path, patternOf(field)]));
  const others = fields.map(({ path }) => path).filter((path) => !asked.includes(path));
  return [...asked, ...others].flatMap((entry): readonly Rule[] => {
    if (typeof entry !== 'string') return [entry];
    const pattern = patterns.get(entry);
    return pattern === undefined ? [] : [[pattern, entry]];
  });
}

/** First match wins, on the name with its group before it, then on the name alone. */
const rules = rulesOf(sourceModel, order);

/** Inside the lists of a lead. */
const elementRules: ReadonlyMap<string, readonly Rule[]> = new Map(
  sourceModel.flatMap(({ path, element }) =>
    element === undefined ? [] : [[path, rulesOf(element, elementOrder)] as const],
  ),
);

const found = (list: readonly Rule[], name: string): string | undefined => {
  const source = list.find(([pattern]) => pattern.test(name))?.[1];
  return source === '' ? undefined : source;
};

/** The source that a place most likely has; `(full name)` for first and last name in one. */
export function sourceByName(slot: SampleField): string | undefined {
  const group = squeezed(slot.parents[0] ?? '');
  if (slot.parents.some((parent) => others.test(squeezed(parent))) || others.test(squeezed(slot.name)))
    return undefined;
  const own = squeezed(slot.name);
  return found(rules, group + own) ?? found(rules, own);
}

/** The list of a lead that a repeated group most likely is. */
export function listByName(name: string): string | undefined {
  const own = squeezed(name);
  if (/tel|phone/.test(own)) return 'identity.phones';
  return /interaction|echange|historique|history|appels|calls|activit|actions|evenement|event/.test(own)
    ? 'interactions'
    : undefined;
}

/** A field of such a list. */
export const elementByName = (list: string, name: string): string | undefined =>
  found(elementRules.get(list) ?? [], squeezed(name));
