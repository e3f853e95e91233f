// Checks the go-live list of a client (C49 to C52): four items with evidence and date, and the opt-in as its mappings write it.
// Invariant: pure. An item dated in the future or different in the mappings is incomplete.
import type { ClientFacts, AgreedOptIn } from './destination.ts';
import { type Channel, type ConsentChannel, type ConsentPurpose, type ConsentState } from './lead.ts';
import type { Both } from '../../connectors/contract.ts';

export const goLiveItems = ['greeting', 'callerNumber', 'optIn', 'rightsProcedure'] as const;
export type GoLiveItem = (typeof goLiveItems)[number];

/** An opt-in as a mapping writes it. */
export interface WrittenOptIn {
  readonly field: string;
  readonly purpose: ConsentPurpose;
  readonly channel: ConsentChannel;
  readonly values: Readonly<Record<ConsentState, string>>;
}

export interface MappingOptIn {
  readonly destinationId: string;
  /** The truth table of its create. */
  readonly written: readonly WrittenOptIn[];
}

interface ItemDefinition {
  readonly clause: 'C49' | 'C50' | 'C51' | 'C52';
  readonly title: string;
  /** The effect while it is missing. */
  readonly blocks: string;
  /** The remedy, shown after the problems. */
  readonly whatToDo: string;
}

export const goLiveDefinitions: Readonly<Record<GoLiveItem, ItemDefinition>> = {
  greeting: {
    clause: 'C49',
    title: 'greeting with the legal notice, for inbound calls',
    blocks: 'leads of inbound calls stay withheld',
    whatToDo:
      'Write goLive.greeting { evidence, date } into client.yaml (recording, script the client approved) and publish.',
  },
  callerNumber: {
    clause: 'C50',
    title: 'number to show, for outbound calls',
    blocks: 'leads of call-backs and requalifications stay withheld',
    whatToDo: 'Write goLive.callerNumber { number: "+33...", evidence, date } into client.yaml and publish.',
  },
  optIn: {
    clause: 'C51',
    title: 'opt-in field and its value for each answer',
    blocks: 'nothing is published',
    whatToDo:
      'Write optIn as the client gave it and goLive.optIn { evidence, date } into client.yaml; mapping and agreement must say the same.',
  },
  rightsProcedure: {
    clause: 'C52',
    title: 'procedure and designated contact for rectification and erasure',
    blocks: 'nothing is published',
    whatToDo:
      'Write contacts.rights (a mailbox) and goLive.rightsProcedure { evidence, date } into client.yaml and publish.',
  },
};

export interface GoLiveFinding {
  readonly item: GoLiveItem;
  readonly state: 'there' | 'missing' | 'differs';
  readonly evidence: string | undefined;
  readonly date: string | undefined;
  /** Problems in words. */
  readonly problems: readonly Both[];
}

type Contract = Pick<ClientFacts, 'contacts' | 'goLive' | 'optIn'>;

/** The findings of all items. @param mappings those in force, and the one about to be @param today civil date in Paris */
export function goLiveFindings(
  facts: Contract,
  mappings: readonly MappingOptIn[],
  today: string,
): readonly GoLiveFinding[] {
  return goLiveItems.map((item) => {
    const given = facts.goLive?.[item];
    const missing = missingOf(facts, item, today);
    const differing = item === 'optIn' && missing.length === 0 ? differencesOf(facts, mappings) : [];
    return {
      item,
      state: missing.length > 0 ? 'missing' : differing.length > 0 ? 'differs' : 'there',
      evidence: given?.evidence,
      date: given?.date,
      problems: [...missing, ...differing],
    };
  });
}

const mailbox = /^[^@\s]+@[^@\s]+$/;

/** Problems of an item by itself, without the mappings. */
function missingOf({ contacts, goLive, optIn }: Contract, item: GoLiveItem, today: string): readonly Both[] {
  const given = goLive?.[item];
  const problems: Both[] = [];
  if (given === undefined)
    problems.push([
      `client.yaml ne donne aucune preuve sous goLive.${item}`,
      `client.yaml gives no evidence under goLive.${item}`,
    ]);
  else if (given.evidence.trim() === '')
    problems.push([`goLive.${item}.evidence est vide`, `goLive.${item}.evidence is empty`]);
  else if (given.date > today)
    problems.push([
      `goLive.${item} est daté du ${given.date}, qui est encore à venir`,
      `goLive.${item} is dated ${given.date}, which is still to come`,
    ]);
  if (item === 'callerNumber' && given !== undefined && given.number === undefined)
    problems.push([
      'goLive.callerNumber ne dit pas le numéro (number: "+33...", E.164)',
      'goLive.callerNumber does not say the number (number: "+33...", E.164)',
    ]);
  if (item === 'optIn' && (optIn ?? []).length === 0)
    problems.push([
      'client.yaml ne liste pas sous optIn les champs et valeurs convenus',
      'client.yaml does not list the agreed fields and values under optIn',
    ]);
  if (item === 'rightsProcedure' && !mailbox.test(contacts.rights ?? ''))
    problems.push(['contacts.rights ne nomme aucune adresse e-mail', 'contacts.rights names no mailbox']);
  return problems;
}

/** Differences between mappings and agreement (C20, C51). */
function differencesOf({ optIn = [] }: Contract, mappings: readonly MappingOptIn[]): readonly Both[] {
  const unwritten = optIn.filter((agreed) => {
    const concerned = mappings.filter(({ destinationId }) => isOf(agreed, destinationId));
    return (
      concerned.length > 0 && !concerned.some(({ written }) => written.some((line) => isSaid(agreed, line)))
    );
  });
  return [...mappings.flatMap((mapping) => differencesIn(optIn, mapping)), ...unwritten.map(writtenNowhere)];
}

/**
 * Differences of one mapping from the agreement: other values for an agreed field, or a written answer that was not agreed.
 * A further field beside the agreed one (a text for people, a proof) is the mapping's own.
 */
function differencesIn(
  optIn: readonly AgreedOptIn[],
  { destinationId, written }: MappingOptIn,
): readonly Both[] {
  const here = optIn.filter((agreed) => isOf(agreed, destinationId));
  const differing = here.flatMap((agreed) => {
    const lines = written.filter((line) => isSaid(agreed, line));
    // A field that several lines write is compared line by line: one of them must fit.
    const problems = lines.map((line) => valuesBeside(agreed, line));
    return problems.some((one) => one.length === 0) ? [] : (problems[0] ?? []);
  });
  const unagreed = written.filter(
    (line) =>
      !here.some(
        (agreed) =>
          isAbout(agreed, line) &&
          written.some((other) => isSaid(agreed, other) && other.channel === line.channel),
      ),
  );
  return [...differing, ...unagreed.map(notAgreed)].map((problem) => of(destinationId, problem));
}

function valuesBeside(agreed: AgreedOptIn, line: WrittenOptIn): readonly Both[] {
  return Object.entries(line.values).flatMap(([state, value]) => {
    const wanted = agreed.values[state as ConsentState];
    if (wanted === undefined)
      return [
        [
          `${french(line)} : aucune valeur n’est convenue pour ${state} (écrite : ${value})`,
          `${english(line)}: no value is agreed for ${state} (written: ${value})`,
        ],
      ];
    return wanted === value ? [] : [otherValue(line, state, { written: value, agreed: wanted })];
  });
}

const isOf = ({ destination }: AgreedOptIn, destinationId: string): boolean =>
  destination === undefined || destination === destinationId;

const isAbout = (agreed: AgreedOptIn, { purpose, channel }: WrittenOptIn): boolean =>
  purpose === agreed.purpose && (agreed.channel === undefined || channel === agreed.channel);

/** A line of a text has its label after the field name. */
const isSaid = (agreed: AgreedOptIn, line: WrittenOptIn): boolean =>
  isAbout(agreed, line) && (line.field === agreed.field || line.field.startsWith(`${agreed.field} (`));

/** The item that leads of a channel need; a form needs neither greeting nor number. */
const neededFor: Readonly<Record<Channel, GoLiveItem | undefined>> = {
  inbound_call: 'greeting',
  callback: 'callerNumber',
  requalification: 'callerNumber',
  web_form: undefined,
};

/** The missing item that a lead of this channel waits for; undefined: none. */
export function itemMissingFor(facts: Contract, channel: Channel, today: string): GoLiveItem | undefined {
  const item = neededFor[channel];
  return item === undefined || missingOf(facts, item, today).length === 0 ? undefined : item;
}

/** Missing items, without the mappings. */
export const itemsMissing = (facts: Contract, today: string): readonly GoLiveItem[] =>
  goLiveItems.filter((item) => missingOf(facts, item, today).length > 0);

/** Reasons against publishing a mapping: C51 and C52 of the contract that would come into force with it. */
export function reasonsAgainstPublishing(
  facts: Contract,
  mapping: MappingOptIn,
  today: string,
): readonly Both[] {
  const missing = [...missingOf(facts, 'optIn', today), ...missingOf(facts, 'rightsProcedure', today)];
  const agreed = facts.optIn ?? [];
  if (agreed.length === 0) return missing;
  // A field agreed for any destination may be written by another mapping, published later.
  const own = agreed.filter(({ destination }) => destination === mapping.destinationId);
  const unwritten = own.filter((one) => !mapping.written.some((line) => isSaid(one, line)));
  return [
    ...missing,
    ...differencesIn(agreed, mapping),
    ...unwritten.map((one) => notWritten(one, mapping.destinationId)),
  ];
}

/** True when every item has its evidence and date, and the mappings match the agreement. */
export const isLive = (findings: readonly GoLiveFinding[]): boolean =>
  findings.every(({ state }) => state === 'there');

// Words the problems of an item of the go-live list, French first (C49 to C52).
// Invariant: names keys of client.yaml, fields and values of mappings; never a person.

type OptIn = Pick<AgreedOptIn, 'field' | 'purpose' | 'channel'>;
/** As client.yaml and the mappings write it, so that a reader finds it there. */
const named = ({ field, purpose, channel }: OptIn, by: string): string =>
  `${field} (${purpose}${channel === undefined ? '' : ` ${by} ${channel}`})`;
const french = (line: OptIn): string => named(line, 'par');
const english = (line: OptIn): string => named(line, 'by');

const writtenNowhere = (agreed: OptIn): Both => [
  `${french(agreed)} est convenu, et aucun format publié ne l’écrit`,
  `${english(agreed)} is agreed, and no published mapping writes it`,
];
const notWritten = (agreed: OptIn, destination: string): Both => [
  `${french(agreed)} est convenu pour ${destination}, qui ne l’écrit pas`,
  `${english(agreed)} is agreed for ${destination}, which does not write it`,
];
const notAgreed = (line: OptIn): Both => [
  `écrit ${french(line)}, pour lequel aucun champ du format n’est convenu`,
  `writes ${english(line)}, for which no field of the mapping is agreed`,
];
const otherValue = (
  line: OptIn,
  state: string,
  { written, agreed }: { readonly written: string; readonly agreed: string },
): Both => [
  `${french(line)} vaut ${written} pour ${state} ; convenu : ${agreed}`,
  `${english(line)} is ${written} when ${state}; agreed: ${agreed}`,
];
const of = (destination: string, [fr, en]: Both): Both => [`${destination} : ${fr}`, `${destination}: ${en}`];
