// Reads client.yaml: who the client is, where leads may go, which data the contract covers, who is authorised.
// Invariant: contract facts come from this file only; a mapping cannot widen them (C19).
import type { AuthorisationFact, ClientFacts } from '../domain/destination.ts';
import { channels, dataCategories } from '../domain/lead.ts';
import type { DataCategory } from '../domain/lead.ts';
import type { WordedNotice } from '../domain/notice.ts';
import { blockAt, isRecord, listAt, textAt } from './document/yaml.ts';
import type { Path, Report } from './document/problems.ts';
import { suggest } from './document/suggest.ts';
import { defaultZone, isoIn } from './fields/time.ts';

const texts = (value: unknown, key: string): readonly string[] =>
  stringsAt(value, key).map((item) => item.toLowerCase());

const stringsAt = (value: unknown, key: string): readonly string[] =>
  listAt(value, key).filter((item) => typeof item === 'string');

/** The four items without which a client does not go live (C49-C52). */
export const goLiveItems = ['greeting', 'callerNumber', 'optIn', 'rightsProcedure'] as const;

/** Facts of a client; `destinations` are those that exist, for the authorisations. */
export function readClient(value: unknown, report: Report, folder: string): ClientFacts {
  const id = textAt(value, 'id') ?? folder;
  if (id !== folder) report.error(['id'], 'MAP-409', `the client "${id}" stands in the folder "${folder}".`);
  const categories = listAt(value, 'categories').filter((category): category is DataCategory =>
    dataCategories.includes(category as DataCategory),
  );
  const contacts = blockAt(value, 'contacts');
  const rights = textAt(contacts, 'rights');
  const technical = textAt(contacts, 'technical');
  const targets = {
    hosts: texts(value, 'hosts'),
    mailboxes: texts(value, 'mailboxes'),
    folders: texts(value, 'folders'),
  };
  const goLive = readGoLive(value, report);
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
      ...(rights === undefined ? {} : { rights }),
      ...(technical === undefined ? {} : { technical }),
    },
    goLive,
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

function readGoLive(value: unknown, report: Report): NonNullable<ClientFacts['goLive']> {
  const block = blockAt(value, 'goLive');
  const found: Record<string, { readonly evidence: string; readonly date: string }> = {};
  for (const [item, raw] of Object.entries(block)) {
    const evidence = textAt(raw, 'evidence');
    const date = textAt(raw, 'date');
    if (evidence === undefined || date === undefined) continue;
    if (parseDay(date) === undefined)
      report.error(['goLive', item, 'date'], 'MAP-902', 'the date is written yyyy-MM-dd.');
    found[item] = { evidence, date };
  }
  const missing = goLiveItems.filter((item) => !Object.hasOwn(block, item));
  if (missing.length > 0) {
    report.warn(
      ['goLive'],
      'MAP-901',
      `without evidence of ${missing.join(', ')} the client cannot go live.`,
      { at: 'key' },
    );
  }
  return found;
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
  const from = textAt(raw, 'from');
  if (
    !isRecord(raw) ||
    recipient === undefined ||
    destinationId === undefined ||
    documentRef === undefined ||
    from === undefined
  )
    return undefined;
  const validFrom = parseDay(from);
  if (validFrom === undefined) report.error([...path, 'from'], 'MAP-902', 'the date is written yyyy-MM-dd.');
  const until = textAt(raw, 'until');
  const validUntil = until === undefined ? undefined : parseDay(until, 1);
  if (until !== undefined && validUntil === undefined)
    report.error([...path, 'until'], 'MAP-902', 'the date is written yyyy-MM-dd.');
  const categories = listAt(raw, 'categories').filter((category): category is DataCategory =>
    dataCategories.includes(category as DataCategory),
  );
  for (const [index, category] of categories.entries()) {
    if (contractCategories.includes(category)) continue;
    report.error(
      [...path, 'categories', index],
      'MAP-410',
      `the contract does not cover ${category}: the authorisation cannot.`,
    );
  }
  const targets = texts(raw, 'targets');
  for (const [index, target] of targets.entries()) {
    if (contractTargets.includes(target)) continue;
    report.error(
      [...path, 'targets', index],
      'MAP-410',
      `"${target}" is not among hosts, mailboxes or folders of this file.`,
      {
        suggestion: suggest(target, contractTargets),
      },
    );
  }
  if (validFrom === undefined) return undefined;
  return {
    recipient,
    destinationId,
    categories,
    documentRef,
    validFrom: validFrom.toISOString(),
    ...(Object.hasOwn(raw, 'targets') ? { targets } : {}),
    ...(validUntil === undefined ? {} : { validUntil: validUntil.toISOString() }),
  };
}

const mostWords = 10_000;

/** A version stands once for each channel, and its words are what people heard or read (C14). */
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
      report.error(
        [...path, 'wording'],
        'MAP-906',
        `the wording of "${version}" has 1 to ${mostWords} characters.`,
      );
    const name = `${version} ${channel}`;
    if (seen.has(name))
      report.error(
        [...path, 'version'],
        'MAP-906',
        `"${version}" stands twice for ${channel}: other words are another version.`,
      );
    seen.add(name);
    return from === undefined ? [] : [{ version, channel, wording, from: from.toISOString() }];
  });
}

/** Midnight in Paris of a civil day, plus days. */
export function parseDay(text: string, plusDays = 0): Date | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (match === null) return undefined;
  const utc = new Date(`${text}T00:00:00Z`);
  if (Number.isNaN(utc.getTime()) || utc.toISOString().slice(0, 10) !== text) return undefined;
  utc.setUTCDate(utc.getUTCDate() + plusDays);
  // The zone's offset at that moment; midnight never falls into a change of hour in Paris.
  const offset = Date.parse(`${isoIn(utc, defaultZone).slice(0, 19)}Z`) - utc.getTime();
  return new Date(utc.getTime() - offset);
}

/** The day at a key; undefined where there is none, or after reporting. */
function dayOf(raw: unknown, key: string, path: Path, report: Report): Date | undefined {
  const text = textAt(raw, key);
  if (text === undefined) return undefined;
  const day = parseDay(text);
  if (day === undefined) report.error([...path, key], 'MAP-902', 'the date is written yyyy-MM-dd.');
  return day;
}
