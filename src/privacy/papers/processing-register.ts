// Reads the operator's register of processing (article 30), sub-processors and places of data (C56), and lays it out in French.
// Invariant: a sub-processor that is named exists; data is kept in the European Economic Area, and leaves it under a guarantee alone.
import { readNamed, textIn } from '../../mapping/document/files.ts';
import {
  createProblems,
  formatProblem,
  formatProblemInFrench,
  type Report,
} from '../../mapping/document/problems.ts';
import { reportStructure } from '../../mapping/document/structure.ts';
import { readDocument } from '../../mapping/document/yaml.ts';
import { RelaisError, type BothSentences as Both } from '../../errors.ts';
import { closed, list, shape, type Described } from '../shape.ts';
import { html, type Piece } from './html.ts';
import { day, facts, list as listPart, paper, type PaperContact } from './paper.ts';

/** The European Economic Area, ISO 3166-1. */
const eea = new Set(
  'AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE IS LI NO'.split(' '),
);

const text = shape<string>({ type: 'string', minLength: 1, maxLength: 2_000 });
const some = { minItems: 1 };
const texts = list(text, some);
const date = shape<string>({
  type: 'string',
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
  'x-form': '2026-11-30',
  'x-forme': '2026-11-30',
});
const country = shape<string>({
  type: 'string',
  pattern: '^[A-Z]{2}$',
  'x-form': 'two capital letters (FR)',
  'x-forme': 'deux capitales (FR)',
});

const anActivity = closed(
  {
    name: text,
    /** `clients`: done for the clients, as their processor (30.2); `centre`: the centre's own (30.1). */
    for: shape<'clients' | 'centre'>({ enum: ['clients', 'centre'] }),
    purposes: texts,
    persons: texts,
    data: texts,
    recipients: texts,
    retention: text,
  },
  { legalBasis: text, subprocessors: list(shape<string>({ type: 'string' })) },
);

const schema = closed({
  centre: closed({ name: text, address: text, contact: text }),
  officer: closed({ name: text, contact: text }),
  activities: list(anActivity, some),
  subprocessors: list(
    closed(
      { id: text, name: text, service: text, country, contract: text, since: date },
      /** The guarantee of a transfer out of the EEA (articles 45 to 49). */
      { until: date, guarantee: text },
    ),
  ),
  places: list(closed({ name: text, country, holds: texts }, { operator: text }), some),
  /** Technical and organisational measures (article 32.1). */
  security: texts,
});
export type ProcessingRegister = Described<typeof schema>;

/** @throws CONFIG-001 that names each mistake with its line */
export function readRegister(file: string): ProcessingRegister {
  const read = readNamed(file);
  const decoded =
    'fault' in read ? { fault: [read.fault, read.fault] as const, line: 1 } : textIn(read.bytes);
  if ('fault' in decoded)
    throw wrong([
      [`${file}:${decoded.line} ${decoded.fault[0]}`, `${file}:${decoded.line} ${decoded.fault[1]}`],
    ]);
  const problems = createProblems();
  const tree = readDocument(file, decoded.text, problems);
  const report = problems.reportIn(tree);
  if (reportStructure(schema, tree.value, report)) checkMeaning(tree.value as ProcessingRegister, report);
  const found = problems.all().filter(({ severity }) => severity === 'error');
  if (found.length > 0)
    throw wrong(
      found.map((one) => [formatProblemInFrench({ ...one, file }), formatProblem({ ...one, file })]),
    );
  return tree.value as ProcessingRegister;
}

function wrong(problems: readonly Both[]): RelaisError {
  const lines = (language: 0 | 1): string => problems.map((one) => `\n  - ${one[language]}`).join('');
  return new RelaisError('CONFIG-001', [
    `Le registre des traitements :${lines(0)}`,
    `The register of processing:${lines(1)}`,
  ]);
}

function checkMeaning({ activities, subprocessors, places }: ProcessingRegister, report: Report): void {
  const known = new Set(subprocessors.map(({ id }) => id));
  const missing = (path: readonly (string | number)[], id: string): void => {
    if (!known.has(id))
      report.error(path, 'MAP-104', [
        `« ${id} » n’est pas dans « subprocessors ».`,
        `"${id}" is not among "subprocessors".`,
      ]);
  };
  activities.forEach((activity, index) =>
    activity.subprocessors?.forEach((id, at) => missing(['activities', index, 'subprocessors', at], id)),
  );
  places.forEach(({ country: where, operator }, index) => {
    if (operator !== undefined) missing(['places', index, 'operator'], operator);
    if (!eea.has(where))
      report.error(['places', index, 'country'], 'MAP-104', [
        'les données restent dans l’Espace économique européen (C56).',
        'data stays in the European Economic Area (C56).',
      ]);
  });
  subprocessors.forEach(({ country: where, guarantee }, index) => {
    if (!eea.has(where) && guarantee === undefined)
      report.error(['subprocessors', index, 'country'], 'MAP-102', [
        'hors de l’Espace économique européen, « guarantee » dit ce qui permet le transfert (articles 45 à 49).',
        'outside the European Economic Area "guarantee" names what permits the transfer (articles 45 to 49).',
      ]);
  });
}

/**
 * The register as a page that prints.
 * @param clients the controllers it is shown for: name and legal entity
 */
export function registerPage(
  register: ProcessingRegister,
  {
    clients,
    contact,
    at,
  }: {
    readonly clients: readonly { readonly name: string; readonly legalEntity: string }[];
    readonly contact: PaperContact;
    readonly at: Date;
  },
): string {
  const { centre, officer, activities, security } = register;
  const names = new Map(register.subprocessors.map(({ id, name }) => [id, name]));
  const body = html`<h2>Sous-traitant</h2>
    ${facts([
      ['Nom', centre.name],
      ['Adresse', centre.address],
      ['Contact', centre.contact],
      ['Délégation à la protection des données', `${officer.name}, ${officer.contact}`],
    ])}
    <h2>Responsables de traitement</h2>
    ${listPart(
      columns('Client', 'Entité juridique'),
      clients.map(({ name, legalEntity }) => [name, legalEntity]),
      'Aucun client.',
    )}
    <h2>Traitements</h2>
    ${activities.map((activity) => activityPart(activity, names))} ${placesPart(register, names)}
    <h2>Mesures de sécurité</h2>
    ${bullets(security)}`;
  return paper({
    title: 'Registre des traitements (article 30 du RGPD)',
    contact,
    mark: [day(at)],
    body,
    questionsOn: 'ce registre',
  });
}

const columns = (...titles: readonly string[]): readonly { readonly title: string }[] =>
  titles.map((title) => ({ title }));

const placesPart = (
  { centre, subprocessors, places }: ProcessingRegister,
  names: ReadonlyMap<string, string>,
): Piece =>
  html`<h2>Sous-traitants ultérieurs</h2>
    ${listPart(
      columns('Société', 'Service', 'Pays', 'Contrat', 'Depuis', 'Transfert hors EEE'),
      subprocessors.map((one) => [
        one.name,
        one.service,
        one.country,
        one.contract,
        one.until === undefined ? one.since : `${one.since} au ${one.until}`,
        one.guarantee ?? 'aucun',
      ]),
      'Aucun.',
    )}
    <h2>Lieux des données</h2>
    ${listPart(
      columns('Lieu', 'Pays', 'Exploité par', 'Données'),
      places.map(({ name, country: where, operator, holds }) => [
        name,
        where,
        operator === undefined ? centre.name : (names.get(operator) ?? operator),
        holds.join(', '),
      ]),
      'Aucun.',
    )}`;

const bullets = (items: readonly string[]): Piece =>
  html`<ul>
    ${items.map((item) => html`<li>${item}</li>`)}
  </ul>`;

const activityPart = (activity: Described<typeof anActivity>, names: ReadonlyMap<string, string>): Piece =>
  html`<h3>${activity.name}</h3>
    ${facts([
      [
        'Pour le compte',
        activity.for === 'clients' ? 'des clients (article 30.2)' : 'du centre (article 30.1)',
      ],
      ['Finalités', activity.purposes.join(' ; ')],
      ['Base juridique', activity.legalBasis],
      ['Personnes', activity.persons.join(', ')],
      ['Données', activity.data.join(', ')],
      ['Destinataires', activity.recipients.join(', ')],
      ['Durée de conservation', activity.retention],
      [
        'Sous-traitants ultérieurs',
        (activity.subprocessors ?? []).map((id) => names.get(id) ?? id).join(', '),
      ],
    ])}`;
