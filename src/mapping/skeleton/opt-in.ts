// Recognises the opt-in fields of a client's sample, and guesses the consent and its value in each state.
// Invariant: a yes or no of the sample is completed to its pair, and the mark names the half that was assumed; a person
// must give any other value (C20, C51).
import type { ConsentChannel, ConsentPurpose } from '../../domain/lead.ts';
import { channelOf, mayBeOptIn, readsAs, smellsOfOptIn, smellsOfOptOut, wordsIn } from '../fields/lints.ts';
import type { SampleValue, SampleField } from './shape.ts';
import { datePatternOf, dateWriting } from './writing.ts';

export interface OptInGuess {
  /** Lines of the consent block. */
  readonly lines: readonly { readonly line: Readonly<Record<string, unknown>>; readonly why: string }[];
  /** A gap that only a person can fill. */
  readonly todo?: string;
}

const squeezed = (name: string): string => wordsIn(name).join('');

/** True for the name of an opt-in, or a name that may be one and whose example says yes or no. */
export function isOptIn(slot: SampleField): boolean {
  const names = [slot.name, ...slot.parents];
  if (names.some((name) => smellsOfOptIn(name) || smellsOfOptOut(name))) return true;
  return names.some(mayBeOptIn) && (readsAs(slot.value) !== undefined || channelsOf(slot).length > 0);
}

export function guessOptIn(slot: SampleField): OptInGuess {
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
  const shown = String(slot.value).trim();
  const other = Object.values(values).find((value) => String(value) !== shown);
  const assumed = `; the sample shows ${shown}, that the other states write ${String(other)} is assumed`;
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

const pairs: readonly (readonly [string, string])[] = [
  ...([
    ['OUI', 'NON'],
    ['Oui', 'Non'],
    ['oui', 'non'],
    ['O', 'N'],
    ['1', '0'],
    ['Y', 'N'],
    ['YES', 'NO'],
  ] as const),
  ...([
    ['Yes', 'No'],
    ['yes', 'no'],
    ['true', 'false'],
    ['TRUE', 'FALSE'],
    ['VRAI', 'FAUX'],
  ] as const),
  ...([
    ['ACCEPTE', 'REFUSE'],
    ['accepted', 'refused'],
    ['granted', 'refused'],
    ['OPTIN', 'OPTOUT'],
  ] as const),
  ...([
    ['optin', 'optout'],
    ['opt-in', 'opt-out'],
    ['subscribed', 'unsubscribed'],
  ] as const),
];

function valuesOf(value: SampleValue, optOut: boolean): Readonly<Record<string, unknown>> | string {
  if (value === undefined || value === null || (typeof value === 'string' && value.trim() === ''))
    return 'the sample shows no value: ask for one for each state';
  const both = (yes: unknown, no: unknown): Readonly<Record<string, unknown>> =>
    optOut
      ? { granted: no, refused: yes, not_asked: yes, withdrawn: yes }
      : { granted: yes, refused: no, not_asked: no, withdrawn: no };
  if (typeof value === 'boolean') return both(true, false);
  const pair = pairs.find((candidate) => candidate.includes(String(value).trim()));
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
