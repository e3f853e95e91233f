// Prints a proof as a French page: the act, the changed tables, the position in the log, how to check it.
// Invariant: made from the document alone; the document with its signature is the proof, the page only shows it.
import type { ProvedAct, ProvedColumn, ProvedTable, SignedProof } from './proof.ts';
import { html, type Html, type Piece } from '../papers/html.ts';
import { facts, list, moment, paper } from '../papers/paper.ts';
import { columnFacts } from '../../domain/lead-fields/columns.ts';
import { consentFields } from '../../domain/lead-fields/consent.ts';
import { interactionFields } from '../../domain/lead-fields/interaction.ts';

interface ActWords {
  /** « Preuve ... » */
  readonly title: string;
  /** The act, as one sentence. */
  readonly done: string;
}

const acts: Readonly<Record<ProvedAct, ActWords>> = {
  access: {
    title: 'Preuve d’accès aux données',
    done: 'Les données détenues sur la personne ont été rassemblées pour lui être communiquées (article 15 du RGPD).',
  },
  rectification: {
    title: 'Preuve de rectification',
    done: 'Les données de la personne ont été rectifiées dans nos bases (article 16 du RGPD).',
  },
  erasure: {
    title: 'Preuve d’effacement',
    done: 'Les données de la personne ont été effacées de nos bases (article 17 du RGPD).',
  },
  objection: {
    title: 'Preuve de prise en compte d’une opposition',
    done: 'L’opposition de la personne est inscrite dans nos bases (article 21 du RGPD).',
  },
  restriction: {
    title: 'Preuve de limitation du traitement',
    done: 'Le traitement des données de la personne est limité dans nos bases (article 18 du RGPD).',
  },
  portability: {
    title: 'Preuve de remise des données',
    done: 'Les données de la personne ont été rassemblées sous une forme structurée pour lui être remises (article 20 du RGPD).',
  },
  withdrawal: {
    title: 'Preuve de retrait d’un consentement',
    done: 'Le retrait du consentement est inscrit dans nos bases (article 7.3 du RGPD).',
  },
  purge: {
    title: 'Preuve de suppression à l’échéance',
    done: 'Les données arrivées à l’échéance de leur conservation ont été supprimées de nos bases.',
  },
  anonymisation: {
    title: 'Preuve d’anonymisation',
    done: 'Les données arrivées à l’échéance de leur conservation ont été anonymisées dans nos bases.',
  },
  contract_end: {
    title: 'Preuve de suppression en fin de contrat',
    done: 'Les données du client ont été restituées puis supprimées de nos bases.',
  },
};

/** A younger release may know more acts. */
const wordsOf = (act: string): ActWords =>
  acts[act as ProvedAct] ?? { title: `Preuve (${act})`, done: `Acte : ${act}.` };

export function proofPage(proof: SignedProof): string {
  const { title, done } = wordsOf(proof.act);
  const madeAt = new Date(proof.madeAt);
  return paper({
    title,
    contact: proof.contact,
    questionsOn: 'ce document',
    mark: [
      `Preuve n° ${proof.number}`,
      ...(proof.request === null ? [] : [`Demande n° ${proof.request}`]),
      moment(madeAt),
    ],
    body: [
      html`<div class="seen">
        <p>${done}</p>
        <p>
          Ce document décrit ce que nos bases contenaient avant et après l’acte. Il ne contient ni nom ni
          coordonnées de la personne : seulement les références de ses contacts, des noms de tables et de
          colonnes, des décomptes et des positions dans notre journal.
        </p>
      </div>`,
      html`<h2>L’acte</h2>`,
      facts([
        ['Client', `${proof.client.name} (${proof.client.legalEntity})`],
        ['Demande', proof.request === null ? 'acte sans numéro de demande' : `n° ${proof.request}`],
        ['Contacts concernés', proof.leads.length === 0 ? undefined : references(proof.leads)],
        ['Date', `${moment(madeAt)} (heure de Paris)`],
      ]),
      html`<h2>Ce que nos tables contenaient, avant et après</h2>
        <p>De chaque colonne : combien de lignes y portaient une valeur.</p>`,
      tablesOf(proof.tables),
      html`<h2>Position dans notre journal</h2>
        <p>
          Chaque acte est inscrit dans un journal que l’on ne peut que compléter, et qui est scellé. L’acte se
          place entre les deux positions suivantes.
        </p>`,
      logFacts(proof),
      html`<h2>Vérifier cette preuve</h2>
        <p>
          La preuve est le fichier JSON qui accompagne cette page : il est signé (Ed25519), et le moindre
          octet modifié se voit. Il se vérifie hors ligne, avec notre seule clé publique, obtenue par un autre
          chemin que ce document :
        </p>
        <p><code>relais proof verify preuve-${proof.number}.json --key relais-public.pem</code></p>`,
      facts([
        ['Clé', html`<code>${proof.key}</code>`],
        ['Signature', html`<code>${proof.signature}</code>`],
        ['Installation', html`<code>${proof.installation}</code>`],
      ]),
    ],
  });
}

const references = (leads: readonly string[]): Piece =>
  leads.map((lead, index) => html`${index === 0 ? '' : ', '}<code>${lead}</code>`);

function tablesOf(proved: readonly ProvedTable[]): Piece {
  if (proved.length === 0) return html`<p class="none">Aucune table ne contenait de donnée.</p>`;
  return proved.map(
    (table) =>
      html`<h3>${tableWords(table.table)} <code>${table.table}</code></h3>
        <p>${rowsText(table)}</p>
        ${columnTable(table)}`,
  );
}

const rows = (count: number): string => (count < 2 ? `${count} ligne` : `${count} lignes`);

function rowsText({ rowsBefore, rowsAfter }: ProvedTable): string {
  if (rowsBefore === rowsAfter) return `${rows(rowsBefore)}, avant comme après.`;
  return `${rows(rowsBefore)} avant, ${rowsAfter === 0 ? 'aucune' : rows(rowsAfter)} après.`;
}

function columnTable({ table, columns }: ProvedTable): Html | undefined {
  if (columns.length === 0) return undefined;
  return list(
    [
      { title: 'Donnée' },
      { title: 'Colonne' },
      { title: 'Avant', number: true },
      { title: 'Après', number: true },
      { title: 'Constat' },
    ],
    columns.map((column) => [
      labelOf(table, column.column),
      html`<code>${column.column}</code>`,
      column.before,
      column.after,
      finding(column),
    ]),
    '',
  );
}

function finding({ before, after, changed }: ProvedColumn): string {
  if (after === 0) return 'plus aucune valeur';
  if (changed === 0) return 'inchangée';
  if (before === 0) return changed === 1 ? 'ajoutée' : `${changed} ajoutées`;
  return changed === 1 ? '1 valeur modifiée' : `${changed} valeurs modifiées`;
}

function logFacts({ log }: SignedProof): Html {
  const place = ({ entry, anchor }: SignedProof['log']['before']): Piece =>
    html`entrée ${entry}${anchor === null ? '' : html`, dernier sceau <code>${anchor}</code>`}`;
  return facts([
    ['Avant l’acte', place(log.before)],
    ['Après l’acte', place(log.after)],
    [
      'Entrées de l’acte',
      log.entries.length === 0
        ? undefined
        : log.entries.map(({ entry, ids }) => html`<code>${entry}</code> : ${ids.join(', ')}<br />`),
    ],
  ]);
}

// French words for the tables and columns a proof names.
// Invariant: a column without words of its own is shown by its name alone, never left out.

const tables: Readonly<Record<string, string>> = {
  leads: 'Contact',
  prospects: 'Identité et coordonnées',
  lead_projects: 'Projet immobilier',
  lead_origins: 'Origine du contact',
  lead_finances: 'Situation financière',
  consents: 'Consentements',
  consent_ends: 'Échéances des consentements',
  former_addresses: 'Anciennes coordonnées (empreintes à clé)',
  interactions: 'Échanges',
  lead_revisions: 'Versions antérieures gardées pour les envois en cours',
  intake_receipts: 'Reçus de dépôt (empreintes à clé)',
  deliveries: 'Livraisons : référence donnée par le destinataire',
  lead_intake: 'Lignes déposées, en attente ou refusées',
  oppositions: 'Liste d’opposition (empreintes à clé)',
  lead_secrets: 'Secret du contact, qui seul donne un sens aux empreintes',
};

export const tableWords = (table: string): string => tables[table] ?? 'Table';

const others: Readonly<Record<string, string>> = {
  erased_at: 'Date d’effacement',
  gone: 'État de conservation',
  restricted_at: 'Limitation du traitement',
  ends_at: 'Échéance',
  content: 'Contenu',
  digest: 'Empreinte',
  row_digest: 'Empreinte de la ligne',
  wrapped: 'Secret chiffré',
  opposition: 'Opposition',
  recorded_at: 'Date',
  recipient_reference: 'Référence du destinataire',
  consents: 'Consentements',
  interactions: 'Échanges',
  clear_fields: 'Champs à vider',
  refusal: 'Motif du refus',
  received_at: 'Date de réception',
  kind: 'Nature',
  row_reference: 'Référence de la ligne',
  purpose: 'Finalité',
  channel: 'Canal',
};

/** Changes of an act, a line for each table: names of fields only. */
export const changedLines = (changed: readonly ProvedTable[]): readonly string[] =>
  changed.flatMap(({ table, columns }) => {
    const names = columns
      .filter((column) => column.changed > 0)
      .map(({ column }) => labelOf(table, column) || column);
    return names.length === 0 ? [] : [`${tableWords(table)} : ${[...new Set(names)].join(', ')}`];
  });

const consentLabels = labelsIn(consentFields);
const interactionLabels = labelsIn(interactionFields);

export function labelOf(table: string, column: string): string {
  if (table === 'consents') return consentLabels.get(column) ?? others[column] ?? '';
  if (table === 'interactions') return interactionLabels.get(column) ?? others[column] ?? '';
  const field = columnFacts.find((facts) =>
    table === 'lead_intake' ? facts.column === column : facts.table === table && facts.stored === column,
  );
  return field?.label ?? others[column] ?? '';
}

function labelsIn(
  fields: Readonly<Record<string, { readonly column: string; readonly label?: string }>>,
): ReadonlyMap<string, string> {
  return new Map(Object.values(fields).map(({ column, label = '' }) => [column, label]));
}
