// Writes the files of an audit pack beside the log: mappings, notes, authorisations, requests with their clocks, deletions and their plan.
// Invariant: reads only; numbers, codes, dates and settings of the client; nothing of a prospect, and of the staff numbers alone (C58).
import { publishedKeys } from '../../privacy/proofs/proof.ts';
import { readAuthorisations } from '../../store/destinations/authorisations.ts';
import { listNotes } from '../../store/alerts/client-mails.ts';
import { destinationsOfClients, type Destination } from '../../store/destinations/destinations.ts';
import { listInstructions } from '../../store/retention/register.ts';
import { versionHistory, type MappingVersion } from '../../store/destinations/mapping-versions.ts';
import { noticesOf } from '../../store/destinations/notices.ts';
import { wordingsOf } from '../../store/people/person-records.ts';
import { evidenceFiles, type PackAsked, type PackFile, type PackPlace } from './evidence.ts';
import { journalLines, entryOf } from './journal.ts';
import { stringify } from 'csv-stringify/sync';
import { addDays, addMonths, civilDate } from '../../domain/civil-date.ts';
import { isInformed } from '../../domain/requests.ts';
import { planRetention } from '../../retention/plan.ts';
import { listRequests, type Request } from '../../store/people/requests.ts';
import { listRuns } from '../../store/retention/retention-items.ts';
import { showsPerson } from '../../store/log/lead-log.ts';
import { processingRegister } from '../processing-register.ts';

/**
 * In writing order: the log comes before the look-ups, which are taken from it.
 * @param verified findings of the verification of the log, once it has ended
 */
export async function packFiles(
  place: PackPlace,
  asked: PackAsked,
  verified: () => Promise<unknown>,
): Promise<readonly PackFile[]> {
  const { database, keys } = place;
  const destinations = await destinationsOfClients(database, [asked.clientId]);
  const versions = await versionsBefore(place, destinations, asked.until);
  const looks = looksFile();
  return [
    {
      name: 'journal.jsonl',
      about:
        'les entrées du journal de ce client pour la période, telles qu’elles ont été signées, avec les sceaux qui les couvrent (format plus bas)',
      content: () => lineByLine(journalLines({ ...place, sealKeys: keys.seal }, asked, looks.see)),
    },
    looks.file,
    json(
      'verification.json',
      'le résultat de la vérification de tous les sceaux du journal et des entrées de la période, faite pour ce dossier',
      verified,
    ),
    json(
      'formats.json',
      'les versions des formats publiées avant la fin de la période, et celle en vigueur',
      () => Promise.resolve(versions.map((version) => versionHead(version, destinations))),
    ),
    ...versions.map(versionFile),
    json('notices.json', 'les mentions d’information, mot pour mot (C14)', () => notices(place, asked)),
    lines('notes.jsonl', 'les notes écrites de la période, une par ligne (C48)', () => notes(place, asked)),
    json('instructions.json', 'le registre des instructions écrites du client (C53)', () =>
      instructions(place, asked),
    ),
    json('habilitations.json', 'qui pouvait recevoir quoi, selon quel document, de quand à quand (C18)', () =>
      authorisations(place, asked, destinations),
    ),
    lines(
      'demandes-de-droits.jsonl',
      'les demandes de droits ouvertes pendant la période : dates, délai, étapes, issue ; rien de la personne (C21)',
      () => requests(place, asked),
    ),
    json(
      'conservation.json',
      'ce qui a été supprimé ou anonymisé pendant la période, et le calendrier des douze mois qui suivent ce dossier (C30 à C35)',
      () => retention(place, asked),
    ),
    ...(await evidenceFiles(place, asked)),
    ...(await registerFile(place, asked)),
    {
      name: 'cles-publiques.pem',
      about: 'les clés publiques du centre ; la première a signé ce dossier',
      content: () =>
        once(
          publishedKeys(keys.seal)
            .map(({ id, pem }) => `# ${id}\n${pem.trimEnd()}\n`)
            .join(''),
        ),
    },
  ];
}

/** None where the operator has configured none. */
async function registerFile(place: PackPlace, { clientId }: PackAsked): Promise<readonly PackFile[]> {
  if (place.config.registerFile === undefined) return [];
  const page = await processingRegister(place, clientId);
  const about = 'le registre des traitements, les sous-traitants ultérieurs et les lieux des données (C56)';
  return [{ name: 'registre.html', about, content: () => once(page) }];
}

async function* once(text: string): AsyncGenerator<string> {
  yield await Promise.resolve(text);
}

async function* lineByLine(all: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of all) yield `${line}\n`;
}

const json = (name: string, about: string, read: () => Promise<unknown>): PackFile => ({
  name,
  about,
  content: async function* () {
    yield `${JSON.stringify(await read(), undefined, 2)}\n`;
  },
});

const lines = (name: string, about: string, read: () => AsyncIterable<object>): PackFile => ({
  name,
  about,
  content: async function* () {
    for await (const row of read()) yield `${JSON.stringify(row)}\n`;
  },
});

async function versionsBefore(
  { database }: PackPlace,
  destinations: readonly Destination[],
  until: Date,
): Promise<readonly MappingVersion[]> {
  const all: MappingVersion[] = [];
  for (const { id } of destinations)
    all.push(
      ...(await versionHistory(database, id)).toReversed().filter(({ publishedAt }) => publishedAt < until),
    );
  return all;
}

const sourceName = ({ destinationId, version }: MappingVersion): string =>
  `formats/${destinationId}-v${version}.json`;

const versionHead = (version: MappingVersion, destinations: readonly Destination[]): object => ({
  destination: version.destinationId,
  version: version.version,
  publishedAt: version.publishedAt,
  publishedBy: actorNumber(version.author),
  isInForceNow: destinations.some(({ mappingVersionId }) => mappingVersionId === version.id),
  // Digest of the published text, which is the text of the file.
  sha256: version.fingerprint,
  file: sourceName(version),
});

const versionFile = (version: MappingVersion): PackFile => ({
  name: sourceName(version),
  about: `le format « ${version.destinationId} », version ${version.version}, tel que publié`,
  content: () => once(version.sources),
});

async function notices({ database }: PackPlace, { clientId, until }: PackAsked): Promise<unknown> {
  const wordings = await wordingsOf(database, clientId);
  const known = (await noticesOf(database, [clientId])).get(clientId) ?? [];
  return known
    .filter(({ from }) => new Date(from) < until)
    .map((notice) => ({
      ...notice,
      wording: wordings.find(
        ({ version, channel }) => version === notice.version && channel === notice.channel,
      )?.wording,
    }));
}

async function* notes({ database }: PackPlace, { clientId, from, until }: PackAsked): AsyncGenerator<object> {
  for (let before = Number.MAX_SAFE_INTEGER; ;) {
    const page = await listNotes(database, clientId, 200, before);
    before = page.at(-1)?.number ?? 0;
    for (const { clientId: _, mappingVersionId: __, ...note } of page)
      if (note.writtenAt >= from && note.writtenAt < until)
        yield { ...note, doneBy: actorNumber(note.doneBy) };
    if (before === 0 || (page.at(-1)?.writtenAt ?? from) < from) return;
  }
}

const instructions = async ({ database }: PackPlace, { clientId, until }: PackAsked): Promise<unknown> =>
  (await listInstructions(database, clientId))
    .filter(({ recordedAt }) => recordedAt < until)
    .map(({ clientId: _, ...instruction }) => ({
      ...instruction,
      recordedBy: actorNumber(instruction.recordedBy),
    }));

async function authorisations(
  { database }: PackPlace,
  { from, until }: PackAsked,
  destinations: readonly Destination[],
): Promise<unknown> {
  const all = await readAuthorisations(
    database,
    destinations.map(({ id }) => id),
  );
  return [...all.values()]
    .flat()
    .filter(({ validFrom, validUntil, revokedAt }) => {
      const end = [validUntil, revokedAt].filter((at) => at !== undefined);
      return validFrom < until && end.every((at) => at > from);
    })
    .map(({ clientId: _, ...authorisation }) => authorisation);
}

// Writes the look-ups and exports of persons, from the log entries in the pack (C39, C58).
// Invariant: numbers of the staff and of leads; no name, no person.

const titles = ['Entrée', 'Date (UTC)', 'Acte', 'Par', 'Lead n°', 'Détail', 'Motif'];

const csv = (rows: readonly (readonly string[])[], bom = false): string =>
  stringify(
    rows.map((row) => [...row]),
    { bom, delimiter: ';', escape_formulas: true },
  );

/** @returns `see` is called with every entry of the log, before `file` is read */
function looksFile(): { readonly see: (text: string) => void; readonly file: PackFile } {
  const rows: (readonly string[])[] = [];
  return {
    see: (text) => {
      const value = entryOf(text);
      const isExport = value('entry') === 'exported';
      if (!isExport && !showsPerson({ entry: value('entry'), reason: value('reason') })) return;
      rows.push([
        value('id'),
        `${value('at').slice(0, 23)}Z`,
        value('entry'),
        value('actor'),
        value('lead_id') === '0' ? '' : value('lead_id'),
        value('reason'),
        value('purpose'),
      ]);
    },
    file: {
      name: 'consultations.csv',
      about:
        'qui a recherché ou dévoilé une personne, remis un dossier, sorti une pièce d’une demande de droits ou exporté une liste : tiré du journal ci-dessus (C39, C58)',
      content: async function* () {
        yield await Promise.resolve(csv([titles], true));
        for (let start = 0; start < rows.length; start += 1_000) yield csv(rows.slice(start, start + 1_000));
      },
    },
  };
}

// Writes the requests of persons with their clocks, and past and planned deletions, for an audit pack.
// Invariant: reads only; dates, counts, steps and numbers of the staff; nothing of a person.

/** Most leads dated for the calendar. */
const mostDated = 100_000;
const monthsAhead = 12;

/** Open at some time of the period, newest first. */
export async function* requests(
  { database }: PackPlace,
  { clientId, from, until }: PackAsked,
): AsyncGenerator<object> {
  for (let before: number | undefined; ;) {
    const page = await listRequests(database, { clientId }, 200, before);
    before = page.at(-1)?.id;
    if (before === undefined) return;
    for (const request of page)
      if (request.openedAt < until && (request.closedAt === null || request.closedAt >= from))
        yield requestFacts(request, database.now());
  }
}

/** Dates, steps and numbers of the actors; typed texts about the person are left out. */
function requestFacts(request: Request, now: Date): object {
  const { id, kind, state, receivedAt, dueAt, extendedAt, identityCheckedAt, outcome, optIns } = request;
  const { openedAt, confirmedAt, appliedAt, liftedAt, informedAt, closedAt } = request;
  return {
    request: id,
    kind,
    state,
    optIns,
    receivedAt,
    openedAt,
    openedBy: actorNumber(request.openedBy),
    lastDay: addDays(civilDate(dueAt), -1),
    extendedAt,
    identityCheckedAt,
    confirmedAt,
    appliedAt,
    appliedBy: actorNumber(request.appliedBy),
    liftedAt,
    informedAt,
    closedAt,
    closedBy: actorNumber(request.closedBy),
    outcome,
    // The term is for informing the person (article 12(3)); a recipient may answer later.
    isLate: ((isInformed(request) ? informedAt : undefined) ?? now) >= dueAt,
  };
}

export async function retention(
  { database }: PackPlace,
  { clientId, from, until }: PackAsked,
): Promise<object> {
  const today = civilDate(database.now());
  const plan = await planRetention(database, [clientId], { until: addMonths(today, monthsAhead) }, mostDated);
  const runs = (await listRuns(database, clientId, 10_000)).filter(
    ({ startedAt }) => startedAt >= from && startedAt < until,
  );
  return {
    runs: runs.map(({ clientId: _, ...run }) => ({ ...run, actor: actorNumber(run.actor) })),
    sums: {
      purged: runs.reduce((sum, { purged }) => sum + purged, 0),
      anonymised: runs.reduce((sum, { anonymised }) => sum + anonymised, 0),
    },
    calendar: {
      asOf: today,
      isCut: plan.isCut,
      dates: plan.dates.map(({ clientId: _, references: __, ...date }) => date),
      requests: plan.requests.map(({ clientId: _, ...line }) => line),
      waiting: plan.waiting.map(({ clientId: _, ...line }) => line),
    },
  };
}

/** Number of an actor in the log; names typed before actors had numbers are left out. */
const actorNumber = (actor: string): string =>
  /^((account|staff|key):\d+|planner|worker|intake|console)$/.test(actor) ? actor : '';
