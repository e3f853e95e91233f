// Turns each place of the sample into a line of the mapping: a field, a consent line, or a question.
// Invariant: every line made here is marked as a guess; financial data waits for the contract (C10).
import { asText } from '../fields/values.ts';
import type { Path } from '../document/problems.ts';
import { slotProblems } from '../fields/each.ts';
import { findSource } from '../fields/source.ts';
import { parseTarget, type Target } from '../fields/target.ts';
import type { SampleFormat, Shape, SampleField, SampleValue } from './shape.ts';
import { looksLikeMail, readsAsPhone, writingOf, datePatternOf, dateWriting } from './writing.ts';
import {
  type DataCategory,
  type SourceField,
  type ConsentChannel,
  type ConsentPurpose,
  sourceModel,
} from '../../domain/lead.ts';
import { wordsIn, channelOf, mayBeOptIn, readsAs, smellsOfOptIn, smellsOfOptOut } from '../fields/lints.ts';

type DraftLine = Readonly<Record<string, unknown>>;

export type Part =
  | { readonly kind: 'field'; readonly line: DraftLine; readonly why: string }
  | { readonly kind: 'consent'; readonly target: string; readonly line: DraftLine; readonly why: string }
  /** Not guessed: its name, the reason, and a line to begin with. */
  | {
      readonly kind: 'open';
      readonly target: string;
      readonly why: string;
      readonly line?: DraftLine;
      readonly optIn?: true;
    };

export function partsOf(shape: Shape, categories: readonly DataCategory[]): readonly Part[] {
  const taken: { readonly target: Target; readonly path: Path }[] = [];
  return shape.slots.flatMap((slot): readonly Part[] => {
    const target = parseTarget(slot.target, shape.format);
    if ('fault' in target) return [{ kind: 'open', target: slot.target, why: target.fault[1] }];
    const [clash] = slotProblems([...taken, { target, path: [] }]);
    if (clash !== undefined) return [{ kind: 'open', target: slot.target, why: clash.message[1] }];
    taken.push({ target, path: [] });
    return partOf(slot, shape.format, categories);
  });
}

function partOf(
  slot: SampleField,
  format: SampleFormat,
  categories: readonly DataCategory[],
): readonly Part[] {
  if (isOptIn(slot)) {
    const { lines, todo } = guessOptIn(slot);
    const open: readonly Part[] =
      todo === undefined
        ? []
        : [{ kind: 'open', target: slot.target, why: `an opt-in by its name; ${todo}`, optIn: true }];
    return [
      ...lines.map(({ line, why }): Part => ({ kind: 'consent', target: asText(line['to']), line, why })),
      ...open,
    ];
  }
  if (slot.element !== undefined) return [groupOf(slot, format)];
  if (slot.texts !== undefined) return [listOf(slot)];
  return [single(slot, format, categories)];
}

function single(slot: SampleField, format: SampleFormat, categories: readonly DataCategory[]): Part {
  const open = (why: string, line?: DraftLine): Part => ({
    kind: 'open',
    target: slot.target,
    why,
    ...(line === undefined ? {} : { line }),
  });
  const named = sourceByName(slot);
  if (named === '(full name)')
    return {
      kind: 'field',
      line: { to: slot.target, template: '{{identity.firstName}} {{identity.lastName}}' },
      why: 'first and last name',
    };
  const byValue = looksLikeMail(slot.value)
    ? 'identity.email'
    : readsAsPhone(slot.value) && named === undefined
      ? 'identity.phone'
      : undefined;
  const from = byValue ?? named;
  if (from === undefined) return open('not recognised');
  const writing = writingOf(from, slot.value, format);
  if ('unfit' in writing && typeof writing.unfit === 'string')
    return open(`${from} by its name, but ${writing.unfit}`, { to: slot.target, from });
  const line = { to: slot.target, from, ...writing };
  const category = findSource(from)?.category;
  if (category !== undefined && category !== 'technical' && !categories.includes(category))
    return open(`${category} data, which the contract in client.yaml does not cover`, line);
  const maps = Object.hasOwn(writing, 'map') ? '; ask for the codes that are missing' : '';
  return { kind: 'field', line, why: `${byValue === undefined ? 'by its name' : 'by its example'}${maps}` };
}

function groupOf(slot: SampleField, format: SampleFormat): Part {
  const each = listByName(slot.name);
  const open: Part = { kind: 'open', target: slot.target, why: 'a repeated group that is not recognised' };
  if (each === undefined) return open;
  const fields = (slot.element ?? []).flatMap((inner): readonly DraftLine[] => {
    const from = inner.element === undefined ? elementByName(each, inner.name) : undefined;
    if (from === undefined || 'fault' in parseTarget(inner.target, format, { nested: true })) return [];
    const writing = writingOf(from, inner.value, format, each);
    // Codes the sample does not show: our own words replace them until the client gives theirs.
    return [{ to: inner.target, from, ...('unfit' in writing ? {} : writing) }];
  });
  if (fields.length === 0) return open;
  return {
    kind: 'field',
    line: { to: slot.target, each, fields },
    why: 'by its name; check each field inside',
  };
}

function listOf(slot: SampleField): Part {
  const [first] = slot.texts ?? [];
  if (listByName(slot.name) === 'identity.phones' || readsAsPhone(first)) {
    const writing = writingOf('identity.phones.number', first, 'json');
    const line = { to: slot.target, from: 'identity.phones.number', ...('unfit' in writing ? {} : writing) };
    return { kind: 'field', line, why: 'all phones' };
  }
  return { kind: 'open', target: slot.target, why: 'a list that is not recognised' };
}

// Guesses the source of a client's field from its name, in French and English.
// Invariant: a guess only; nothing is guessed for a name that refers to another person than the prospect.

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
function listByName(name: string): string | undefined {
  const own = squeezed(name);
  if (/tel|phone/.test(own)) return 'identity.phones';
  return /interaction|echange|historique|history|appels|calls|activit|actions|evenement|event/.test(own)
    ? 'interactions'
    : undefined;
}

/** A field of such a list. */
const elementByName = (list: string, name: string): string | undefined =>
  found(elementRules.get(list) ?? [], squeezed(name));

// Recognises the opt-in fields of a client's sample, and guesses the consent and its value in each state.
// Invariant: a yes or no of the sample is completed to its pair, and the mark names the half that was assumed; a person
// must give any other value (C20, C51).

interface OptInGuess {
  /** Lines of the consent block. */
  readonly lines: readonly { readonly line: Readonly<Record<string, unknown>>; readonly why: string }[];
  /** A gap that only a person can fill. */
  readonly todo?: string;
}

/** True for the name of an opt-in, or a name that may be one and whose example says yes or no. */
function isOptIn(slot: SampleField): boolean {
  const names = [slot.name, ...slot.parents];
  if (names.some((name) => smellsOfOptIn(name) || smellsOfOptOut(name))) return true;
  return names.some(mayBeOptIn) && (saysYesOrNo(slot.value) || channelsOf(slot).length > 0);
}

function guessOptIn(slot: SampleField): OptInGuess {
  const name = [...slot.parents].reverse().concat(slot.name).join(' ');
  const purpose = purposeOf(squeezed(name));
  const said = channelOf(slot.name) ?? channelOf(name);
  const channel = said ?? 'email';
  const base = { to: slot.target, ...(purpose === 'marketing' ? {} : { purpose }), channel };
  const meant = `${purpose} by ${channel}${said === undefined ? ', though its name says no channel (never phone by implication, C16b)' : ''}`;
  const proof = proofOf(slot);
  if (proof !== undefined) return { lines: [{ line: { ...base, ...proof }, why: `proof of ${meant}` }] };
  const channels = channelsOf(slot);
  if (slot.texts !== undefined) {
    if (channels.length === 0) return { lines: [], todo: 'a list whose values are no channels' };
    return {
      lines: channels.map(({ channel: only, text }) => ({
        line: {
          ...base,
          to: `${slot.target}[]`,
          channel: only,
          values: { granted: text, refused: 'omit', not_asked: 'omit', withdrawn: 'omit' },
        },
        why: `${purpose} by ${only}`,
      })),
    };
  }
  if (slot.element !== undefined) return { lines: [], todo: 'a repeated group' };
  const optOut = smellsOfOptOut(slot.name) || smellsOfOptOut(name);
  const values = valuesOf(slot.value, optOut);
  if (typeof values === 'string') return { lines: [], todo: values };
  const inverted = optOut ? '; an opt-out by its name: check the values, then add inverted: confirmed' : '';
  const shown = [String(slot.value).trim(), ...(slot.others ?? [])];
  const written = Object.values(values).map(String);
  if (shown.some((text) => !written.includes(text)))
    return {
      lines: [],
      todo: `its values are ${shown.slice(0, 5).join(', ')}: ask for the one of each state`,
    };
  const other = written.find((value) => !shown.includes(value));
  const assumed = `; the sample shows ${shown.join(' and ')}${other === undefined ? '' : `, that the other states write ${other} is assumed`}`;
  return { lines: [{ line: { ...base, values }, why: `${meant}${assumed}${inverted}` }] };
}

function purposeOf(name: string): ConsentPurpose {
  if (/newsletter|lettre/.test(name)) return 'newsletter';
  if (/partenaire|partner|tiers/.test(name)) return 'partners';
  return /profil/.test(name) ? 'profiling' : 'marketing';
}

function proofOf({ name, value }: SampleField): Readonly<Record<string, unknown>> | undefined {
  const own = squeezed(name);
  const text = typeof value === 'string' ? value.trim() : '';
  const pattern = datePatternOf(text);
  if (/expir|jusqu|until|^fin|fin$/.test(own))
    return { proof: 'until', ...(pattern === undefined ? {} : dateWriting(pattern)) };
  if (pattern !== undefined || /date|horodat/.test(own))
    return { proof: 'date', ...(pattern === undefined ? {} : dateWriting(pattern)), empty: 'omit' };
  if (readsAs(value) !== undefined) return undefined;
  if (/source|origine|formulaire/.test(own)) return { proof: 'source' };
  if (/wording|version|mention|texte|text$/.test(own)) return { proof: 'wording' };
  return /entite|entity/.test(own) ? { proof: 'entity' } : undefined;
}

/** Yes and no, as clients write them. */
const pairs: readonly (readonly string[])[] = [
  'OUI/NON Oui/Non oui/non O/N 1/0 Y/N YES/NO Yes/No yes/no true/false TRUE/FALSE VRAI/FAUX',
  'ACCEPTE/REFUSE accepted/refused granted/refused OPTIN/OPTOUT optin/optout opt-in/opt-out',
  'subscribed/unsubscribed',
].flatMap((line) => line.split(' ').map((pair) => pair.split('/')));

const pairOf = (value: SampleValue): readonly string[] | undefined =>
  pairs.find((pair) => pair.includes(String(value).trim()));

const saysYesOrNo = (value: SampleValue): boolean =>
  readsAs(value) !== undefined || pairOf(value) !== undefined;

function valuesOf(value: SampleValue, optOut: boolean): Readonly<Record<string, unknown>> | string {
  if (value === undefined || value === null || (typeof value === 'string' && value.trim() === ''))
    return 'the sample shows no value: ask for one for each state';
  const both = (yes: unknown, no: unknown): Readonly<Record<string, unknown>> =>
    optOut
      ? { granted: no, refused: yes, not_asked: yes, withdrawn: yes }
      : { granted: yes, refused: no, not_asked: no, withdrawn: no };
  if (typeof value === 'boolean') return both(true, false);
  const pair = pairOf(value);
  if (pair === undefined)
    return String(value).length > 30
      ? 'its example is a sentence, not a value'
      : `${JSON.stringify(value)} is no yes or no known here: ask for the value of each state`;
  return typeof value === 'number' ? both(Number(pair[0]), Number(pair[1])) : both(pair[0], pair[1]);
}

/** Plain values that name channels, as Sellsy and others list them. */
function channelsOf({
  texts,
}: SampleField): readonly { readonly channel: ConsentChannel; readonly text: string }[] {
  return (texts ?? []).flatMap((text) => {
    // `postal_mail` contains the words of two channels and means one.
    const channel = /post|courrier/i.test(text) ? 'post' : channelOf(text);
    return channel === undefined ? [] : [{ channel, text }];
  });
}
