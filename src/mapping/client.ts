// Reads client.yaml: the client, the allowed targets, the categories of the contract, the authorisations, the go-live facts.
// Invariant: contract facts come from this file only; a mapping cannot widen them (C19).
import {
  targetKey,
  type AuthorisationFact,
  type ClientFacts,
  type WordedNotice,
  type AgreedOptIn,
  type GoLiveEvidence,
} from '../domain/destination.ts';
import {
  channels,
  dataCategories,
  consentChannels,
  consentPurposes,
  consentStates,
  type DataCategory,
} from '../domain/lead.ts';
import { blockAt, isRecord, listAt, textAt } from './document/yaml.ts';
import { near, type Path, type Report } from './document/problems.ts';
import { parseDay } from './fields/time.ts';
import type { Both } from '../../connectors/contract.ts';
import { goLiveItems } from '../domain/go-live.ts';
import { namesSomebody } from '../domain/names-in-text.ts';
import { omitted } from './consent/choices.ts';
import { isPhone } from './fields/texts.ts';

const targetsAt = (value: unknown, key: string): readonly string[] => stringsAt(value, key).map(targetKey);

const stringsAt = (value: unknown, key: string): readonly string[] =>
  listAt(value, key).filter((item) => typeof item === 'string');

const categoriesIn = (value: unknown): readonly DataCategory[] =>
  listAt(value, 'categories').filter((category): category is DataCategory =>
    dataCategories.includes(category as DataCategory),
  );

/** Facts of a client; `destinations` are those that exist, for the authorisations. */
export function readClient(value: unknown, report: Report, folder: string): ClientFacts {
  const id = textAt(value, 'id') ?? folder;
  if (id !== folder)
    report.error(['id'], 'MAP-409', [
      `le client « ${id} » est dans le dossier « ${folder} ».`,
      `the client "${id}" is in the folder "${folder}".`,
    ]);
  const categories = categoriesIn(value);
  const contacts = blockAt(value, 'contacts');
  const targets = {
    hosts: targetsAt(value, 'hosts'),
    mailboxes: targetsAt(value, 'mailboxes'),
    folders: targetsAt(value, 'folders'),
  };
  const goLive = readGoLive(value, report);
  const optIn = readAgreedOptIn(value);
  const legalEntities = stringsAt(value, 'legalEntities');
  const notices = readNotices(value, report);
  return {
    id,
    name: textAt(value, 'name') ?? id,
    legalEntity: textAt(value, 'legalEntity') ?? '',
    ...(legalEntities.length === 0 ? {} : { legalEntities }),
    ...targets,
    categories,
    contacts: {
      rights: textAt(contacts, 'rights'),
      technical: textAt(contacts, 'technical'),
      seals: textAt(contacts, 'seals'),
    },
    goLive,
    ...(optIn.length === 0 ? {} : { optIn }),
    ...(notices.length === 0 ? {} : { notices }),
    authorisations: listAt(value, 'authorisations').flatMap((authorisation, index) => {
      const path: Path = ['authorisations', index];
      return (
        readAuthorisation(
          authorisation,
          path,
          report,
          [...targets.hosts, ...targets.mailboxes, ...targets.folders],
          categories,
        ) ?? []
      );
    }),
  };
}

const badDate = (text: string): Both => [
  `« ${text} » n’est pas une date : écrire aaaa-MM-jj.`,
  `"${text}" is no date: write yyyy-MM-dd.`,
];

/** The log, the notes and the evidence of an audit keep these texts for ever. A warning: versions in force go on; none is published. */
function reportPersons(raw: unknown, path: Path, keys: readonly string[], report: Report): void {
  for (const key of keys)
    if (namesSomebody(textAt(raw, key) ?? ''))
      report.warn([...path, key], 'MAP-908', [
        'ce texte est gardé pour toujours : ni adresse e-mail ni numéro de téléphone.',
        'this text is kept for ever: no mail address and no phone number.',
      ]);
}

function readAuthorisation(
  raw: unknown,
  path: Path,
  report: Report,
  contractTargets: readonly string[],
  contractCategories: readonly DataCategory[],
): AuthorisationFact | undefined {
  const recipient = textAt(raw, 'recipient');
  const destinationId = textAt(raw, 'destination');
  const documentRef = textAt(raw, 'document');
  if (!isRecord(raw) || recipient === undefined || destinationId === undefined || documentRef === undefined)
    return undefined;
  if (textAt(raw, 'from') === undefined) return undefined;
  reportPersons(raw, path, ['recipient', 'document'], report);
  const validFrom = dayOf(raw, 'from', path, report);
  const validUntil = dayOf(raw, 'until', path, report, 1);
  const categories = categoriesIn(raw);
  for (const [index, category] of categories.entries()) {
    if (contractCategories.includes(category)) continue;
    report.error([...path, 'categories', index], 'MAP-410', [
      `le contrat ne couvre pas ${category} : l’habilitation ne le peut pas non plus.`,
      `the contract does not cover ${category}: the authorisation cannot.`,
    ]);
  }
  const targets = targetsAt(raw, 'targets');
  for (const [index, target] of targets.entries()) {
    if (contractTargets.includes(target)) continue;
    near(report, target, contractTargets).error([...path, 'targets', index], 'MAP-410', [
      `« ${target} » n’est pas parmi hosts, mailboxes ou folders de ce fichier.`,
      `"${target}" is not among hosts, mailboxes or folders of this file.`,
    ]);
  }
  if (validFrom === undefined) return undefined;
  return {
    recipient,
    destinationId,
    categories,
    documentRef,
    validFrom: validFrom.toISOString(),
    ...(Object.hasOwn(raw, 'targets') ? { targets } : {}),
    validUntil: validUntil?.toISOString(),
  };
}

const mostWords = 10_000;

/** A version appears once for each channel, with the words that people heard or read (C14). */
function readNotices(value: unknown, report: Report): readonly WordedNotice[] {
  const seen = new Set<string>();
  return listAt(value, 'notices').flatMap((raw, index): readonly WordedNotice[] => {
    const path = ['notices', index];
    const version = textAt(raw, 'version');
    const channel = channels.find((known) => known === textAt(raw, 'channel'));
    const wording = textAt(raw, 'wording')?.trim();
    const from = dayOf(raw, 'from', path, report);
    if (!isRecord(raw) || version === undefined || channel === undefined || wording === undefined) return [];
    if (wording === '' || wording.length > mostWords)
      report.error([...path, 'wording'], 'MAP-906', [
        `le texte de « ${version} » a de 1 à ${mostWords} caractères.`,
        `the wording of "${version}" has 1 to ${mostWords} characters.`,
      ]);
    const name = `${version} ${channel}`;
    if (seen.has(name))
      report.error([...path, 'version'], 'MAP-906', [
        `« ${version} » est là deux fois pour ${channel} : un autre texte est une autre version.`,
        `"${version}" is there twice for ${channel}: other words are another version.`,
      ]);
    seen.add(name);
    return from === undefined ? [] : [{ version, channel, wording, from: from.toISOString() }];
  });
}

/** The day at a key, plus days; undefined where there is none, or after reporting. */
function dayOf(raw: unknown, key: string, path: Path, report: Report, plusDays = 0): Date | undefined {
  const text = textAt(raw, key);
  if (text === undefined) return undefined;
  const day = parseDay(text, plusDays);
  if (day === undefined) report.error([...path, key], 'MAP-902', badDate(text));
  return day;
}

// Reads the items of client.yaml that going live needs: the evidence of each, and the opt-in as the client agreed it (C49 to C52).
// Invariant: a malformed item is a mistake of the file; a missing one is a warning here and refuses the departure of leads.

function readGoLive(value: unknown, report: Report): NonNullable<ClientFacts['goLive']> {
  const block = blockAt(value, 'goLive');
  const found: Record<string, GoLiveEvidence> = {};
  for (const [item, raw] of Object.entries(block)) {
    const evidence = textAt(raw, 'evidence');
    const date = textAt(raw, 'date');
    if (evidence === undefined || date === undefined) continue;
    // The number that calls show is the centre's own.
    if (item !== 'callerNumber') reportPersons(raw, ['goLive', item], ['evidence'], report);
    dayOf(raw, 'date', ['goLive', item], report);
    const number = textAt(raw, 'number');
    if (number !== undefined && !isPhone(number))
      report.error(['goLive', item, 'number'], 'MAP-907', [
        'le numéro présenté s’écrit en E.164, entre guillemets : "+33199001000".',
        'the number to show is written in E.164, between quotes: "+33199001000".',
      ]);
    found[item] = { evidence, date, ...(number === undefined ? {} : { number }) };
  }
  const missing = goLiveItems.filter((item) => !Object.hasOwn(block, item));
  if (missing.length > 0) {
    report.atKey.warn(['goLive'], 'MAP-901', [
      `sans preuve de ${missing.join(', ')} le client ne peut pas être mis en service.`,
      `without evidence of ${missing.join(', ')} the client cannot go live.`,
    ]);
  }
  return found;
}

/** An absent purpose is marketing, as in a mapping. */
function readAgreedOptIn(value: unknown): readonly AgreedOptIn[] {
  return listAt(value, 'optIn').flatMap((raw): readonly AgreedOptIn[] => {
    const field = textAt(raw, 'field');
    if (!isRecord(raw) || field === undefined) return [];
    const purpose = consentPurposes.find((known) => known === textAt(raw, 'purpose')) ?? 'marketing';
    const channel = consentChannels.find((known) => known === textAt(raw, 'channel'));
    const destination = textAt(raw, 'destination');
    const values = blockAt(raw, 'values');
    return [
      {
        field,
        purpose,
        ...(channel === undefined ? {} : { channel }),
        ...(destination === undefined ? {} : { destination }),
        values: Object.fromEntries(
          consentStates.flatMap((state) =>
            Object.hasOwn(values, state) ? [[state, asTableSays(values[state])]] : [],
          ),
        ),
      },
    ];
  });
}

/** The value in the words of a mapping's truth table. */
function asTableSays(value: unknown): string {
  if (value === 'omit') return omitted;
  if (value === 'hold') return '(held)';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
