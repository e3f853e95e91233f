// Words the statistics in French: tables, channels, families of media, products, départements.
// Invariant: every value of a closed list has its words; a code outside the lists is never shown.
import departements from '@etalab/decoupage-administratif/data/departements.json' with { type: 'json' };
import { leadFields } from '../domain/lead-fields/columns.ts';
import { mostRequests, type Cell, type MediaFamily, type Report } from '../domain/statistics.ts';

export interface ReportWords {
  readonly title: string;
  readonly category: string;
  /** undefined: a table of one dimension. */
  readonly class: string | undefined;
  readonly file: string;
}

export const reportWords: Readonly<Record<Report, ReportWords>> = {
  channel_media: {
    title: 'Canaux et familles de médias',
    category: 'Canal',
    class: 'Famille de médias',
    file: 'canaux-medias.csv',
  },
  product_departement: {
    title: 'Produits demandés par département',
    category: 'Produit',
    class: 'Département',
    file: 'produits-departements.csv',
  },
  simultaneous: {
    title: 'Leads simultanés d’un même candidat',
    category: 'Leads dans le mois',
    class: undefined,
    file: 'leads-simultanes.csv',
  },
};

/** Heading of the column of counts. */
export const personsWord = 'Candidats';

const families: Readonly<Record<MediaFamily, string>> = {
  portal: 'Portails immobiliers',
  search: 'Moteurs de recherche',
  social: 'Réseaux sociaux',
  display: 'Bannières',
  website: 'Sites internet',
  mailing: 'Courriels et SMS',
  press: 'Presse',
  broadcast: 'Radio et télévision',
  outdoor: 'Affichage',
  event: 'Salons et événements',
  referral: 'Recommandation',
  other: 'Autres médias',
  unknown: 'Média non précisé',
};

const names: ReadonlyMap<string, string> = new Map(departements.map(({ code, nom }) => [code, nom]));

const wordIn = (words: Readonly<Record<string, string>>, code: string, otherwise: string): string =>
  words[code] ?? otherwise;

/** `Appartement, 3 pièces, 200 à 250 k€`. */
function productWords(product: string): string {
  const [kind = '', budget = ''] = product.split(' ');
  const [housing = '', rooms] = kind.split('-');
  const most = rooms === '5';
  return [
    wordIn(leadFields.project.housingType.words ?? {}, housing, 'Logement non précisé'),
    ...(rooms === undefined ? [] : [`${rooms} pièce${rooms === '1' ? '' : 's'}${most ? ' et plus' : ''}`]),
    budgetWords(budget),
  ].join(', ');
}

function budgetWords(budget: string): string {
  if (budget === 'unknown') return 'budget non précisé';
  if (budget.endsWith('+')) return `${budget.slice(0, -1)} k€ et plus`;
  return `${budget.replace('-', ' à ')} k€`;
}

function requestsWords(requests: string): string {
  if (requests === '1') return 'Un lead';
  return `${requests} leads${Number(requests) === mostRequests ? ' et plus' : ''}`;
}

const departementWords = (code: string): string =>
  names.has(code) ? `${names.get(code)} (${code})` : 'Département non précisé';

/** The two values of a cell in words; the second is empty in a table of one dimension. */
export function cellWords({ report, category, class: of }: Cell): readonly [string, string] {
  if (report === 'simultaneous') return [requestsWords(category), ''];
  if (report === 'product_departement') return [productWords(category), departementWords(of)];
  return [
    wordIn(leadFields.channel.words ?? {}, category, 'Canal non précisé'),
    wordIn(families, of, families.other),
  ];
}

const monthNames = new Intl.DateTimeFormat('fr-FR', { month: 'long', year: 'numeric', timeZone: 'UTC' });

/** `octobre 2026`. */
export const monthWords = (month: string): string => monthNames.format(new Date(`${month}-01T00:00:00Z`));
