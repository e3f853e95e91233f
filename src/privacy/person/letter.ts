// Writes the answer to a person in French: their data, its origin, its recipients, their rights (GDPR articles 12, 15 and 20).
// Invariant: every part of the file has its place here, an empty one is shown as empty; all text of the person is escaped.
import { identityFields } from '../../domain/lead-fields/identity.ts';
import { isBought } from '../../domain/anomaly.ts';
import { optInWords } from '../../domain/opt-in-words.ts';
import { kindWords } from '../../domain/requests.ts';
import { html, type Html, type Piece } from '../papers/html.ts';
import { day, facts, list, moment, paper, short, signed } from '../papers/paper.ts';
import { leadSection } from './letter-lead.ts';
import {
  accessWords,
  connectorWords,
  receptionWords,
  reasonWords,
  requestStateWords,
  refusalWords,
  rightWords,
  sentWords,
} from './letter-words.ts';
import type { ExportKind, PersonFile } from './person-file.ts';

const titles: Readonly<Record<ExportKind, string>> = {
  access: 'Réponse à votre demande d’accès à vos données',
  portability: 'Remise de vos données personnelles',
};

export function personLetter(file: PersonFile): string {
  return paper({
    title: titles[file.kind],
    contact: file.contact,
    mark: [
      ...(file.request === null ? [] : [`Demande n° ${file.request}`]),
      day(file.madeAt),
      'Confidentiel : destiné à la personne concernée',
    ],
    to: addressee(file),
    body: [
      opening(file),
      summary(file),
      file.leads.map((lead, index) => leadSection(lead, index + 1, file.leads.length)),
      received(file),
      oppositions(file),
      refusedRows(file),
      consultations(file),
      exercised(file),
      information(file),
      closing(file),
    ],
  });
}

/** As the newest lead names the person; empty where it has no name. */
function addressee({ leads }: PersonFile): readonly string[] {
  const identity = leads.findLast(({ identity: known }) => known.lastName !== undefined)?.identity;
  if (identity === undefined) return [];
  const { civility, firstName, lastName, address = {} } = identity;
  const title = civility === undefined ? undefined : identityFields.civility.words?.[civility];
  const { line1, line2, postcode, city, country } = address;
  return [
    [title, firstName, lastName],
    [line1],
    [line2],
    [postcode, city],
    [country === 'FR' ? undefined : country],
  ]
    .map((line) => line.filter((part) => part !== undefined).join(' '))
    .filter((line) => line !== '');
}

function closing({ contact }: PersonFile): Html {
  return html`<p>Nous vous prions d’agréer, Madame, Monsieur, l’expression de nos salutations distinguées.</p>
    ${signed(contact)}`;
}

function opening({ kind, client, madeAt, leads }: PersonFile): Html {
  const asked =
    kind === 'access'
      ? 'Vous nous avez demandé quelles données vous concernant nous détenons.'
      : 'Vous nous avez demandé de vous remettre les données que vous nous avez confiées. Elles sont réunies dans le fichier « donnees.json », dans un format structuré et lisible par machine ; cette lettre les présente.';
  const found =
    leads.length === 0
      ? 'Nous ne détenons aucune prise de contact à votre nom. Ce qui suit indique ce que contiennent nos autres registres.'
      : `Voici l’ensemble de ce que nous détenons à la date du ${moment(madeAt)} (heure de Paris).`;
  return html`<p>Madame, Monsieur,</p>
    <p>
      ${asked} Nous agissons pour le compte de notre client
      ${client.legalEntity}${client.name === client.legalEntity ? '' : ` (${client.name})`}, responsable du
      traitement, dont nous sommes le sous-traitant. ${found}
    </p>`;
}

function summary(file: PersonFile): Html {
  const { leads, transmissions, refusedRows: rows } = file;
  const exchanges = leads.reduce((sum, lead) => sum + lead.interactions.length, 0);
  const recipients = [...new Set(transmissions.map(({ recipient }) => recipient))];
  return html`<div class="seen">
    ${facts([
      ['Prises de contact enregistrées', leads.length],
      ['Échanges enregistrés', exchanges],
      ['Destinataires de vos données', recipients.length === 0 ? 'aucun' : recipients.join(' ; ')],
      ['Lignes reçues et écartées', rows.length === 0 ? undefined : rows.length],
    ])}
  </div>`;
}

function received({ transmissions, references }: PersonFile): Html {
  const several = new Set(transmissions.map(({ lead }) => lead)).size > 1;
  return html`<h2>Qui a reçu vos données, et quand</h2>
    <p>
      Chaque envoi est inscrit dans un journal scellé ; cette liste en est tirée. Les tentatives dont rien
      n’est parti n’y figurent pas.
    </p>
    ${list(
      [
        { title: 'Date' },
        { title: 'Destinataire' },
        ...(several ? [{ title: 'Prise de contact' }] : []),
        { title: 'Envoi' },
        { title: 'Données transmises' },
        { title: 'Résultat' },
      ],
      transmissions.map((sent) => [
        short(sent.departedAt),
        sent.recipient,
        ...(several ? [sent.lead] : []),
        html`${sentWords(sent.action)}<br />par ${connectorWords(sent.by)}`,
        sent.data.length === 0 ? 'aucune' : sent.data.join(', '),
        receptionWords[sent.reception],
      ]),
      'Vos données n’ont été transmises à personne.',
    )}${
      references.length === 0
        ? undefined
        : html`<p>
            Référence sous laquelle un destinataire nous a dit vous connaître :
            ${references.map(({ reference }) => reference).join(', ')}.
          </p>`
    }`;
}

const oppositions = ({ oppositions: listed }: PersonFile): Html =>
  html`<h2>Liste d’opposition</h2>
    ${list(
      [{ title: 'Opposition' }, { title: 'Depuis' }],
      listed.map(({ optIn, since }) => [optInWords(optIn), short(since)]),
      'Vos coordonnées ne figurent pas sur la liste d’opposition.',
    )}`;

function refusedRows({ refusedRows: rows }: PersonFile): Piece {
  if (rows.length === 0) return undefined;
  return html`<h2>Lignes reçues et écartées</h2>
    <p>
      Ces lignes nous sont parvenues avec un défaut de forme. Elles n’ont pas été utilisées, n’ont été
      transmises à personne et seront supprimées automatiquement.
    </p>
    ${rows.map(
      ({ receivedAt, reasons, values }) =>
        html`<h3>Reçue le ${moment(receivedAt)}</h3>
          ${facts([
            ...Object.entries(values).map(([name, value]): readonly [string, Piece] => [
              accessWords(name),
              html`<span class="said">${value}</span>`,
            ]),
            ['Motif du refus', reasons.map(refusalWords).join(', ')],
          ])}`,
    )}`;
}

const consultationWords: Readonly<Record<string, string>> = {
  looked_up: 'recherche, coordonnées masquées',
  revealed: 'affichage de vos coordonnées',
  person_exported: 'réponse à une demande d’accès ou de portabilité',
};

const consultations = ({ consultations: looks }: PersonFile): Html =>
  html`<h2>Consultations par notre personnel</h2>
    ${list(
      [{ title: 'Date' }, { title: 'Consultation' }, { title: 'Motif noté' }],
      looks.map(({ at, what, why }) => [short(at), consultationWords[what] ?? what, reasonWords(why)]),
      'Personne n’a consulté votre fiche en dehors de son traitement automatique.',
    )}`;

function exercised({ rights, requests }: PersonFile): Piece {
  if (rights.length + requests.length === 0) return undefined;
  return html`<h2>Vos demandes et les changements enregistrés</h2>
    ${
      requests.length === 0
        ? undefined
        : list(
            [{ title: 'Demande' }, { title: 'Objet' }, { title: 'Reçue le' }, { title: 'État' }],
            requests.map(({ number, kind, openedAt, state }) => [
              `n° ${number}`,
              kindWords[kind].fr,
              moment(openedAt),
              requestStateWords[state],
            ]),
            '',
          )
    }${
      rights.length === 0
        ? undefined
        : list(
            [{ title: 'Date' }, { title: 'Changement' }],
            rights.map(({ at, what, detail }) => [short(at), rightWords(what, detail)]),
            '',
          )
    }`;
}

/** Where the data come from (article 15(1)(g)): a lead that was bought was not given to us by the person. */
function originOf(leads: PersonFile['leads']): string {
  const bought = leads.filter(({ origin }) => isBought(origin));
  const theirs = 'viennent de vous, par le canal indiqué pour chaque prise de contact.';
  if (bought.length === 0) return `Vos données ${theirs}`;
  const of = bought.map(({ reference, origin: { seller } }) =>
    seller === undefined
      ? `celles de la prise de contact ${reference} ont été achetées à une société dont nous ne connaissons pas le nom`
      : `celles de la prise de contact ${reference} ont été achetées à la société « ${seller} »`,
  );
  const others = bought.length === leads.length ? '' : ` Les autres ${theirs}`;
  return `Parmi vos données, ${of.join(' ; ')}.${others}`;
}

function information({ client, contact, leads }: PersonFile): Html {
  return html`<h2>Pourquoi, combien de temps, et vos droits</h2>
    <p>
      <strong>Finalité.</strong> Vos données servent à répondre à l’intérêt que vous portez à un bien
      immobilier et à vous mettre en relation avec ${client.legalEntity} ; vos coordonnées ne servent à la
      prospection que par les canaux que vous avez acceptés. Aucune décision n’est prise de façon entièrement
      automatisée à votre sujet.
    </p>
    <p>
      <strong>Origine.</strong> ${originOf(leads)} Ce que le support publicitaire nous a appris figure sous «
      Origine ».
    </p>
    <p>
      <strong>Durée.</strong> Sauf instruction particulière du responsable du traitement : pour une opération
      ponctuelle, suppression dans les deux mois qui suivent sa fin ; sinon anonymisation trois ans après le
      dernier contact venant de vous, et au plus tard le 1<sup>er</sup> janvier de la cinquième année qui suit
      la collecte.
    </p>
    <p>
      <strong>Vos droits.</strong> Vous pouvez demander la rectification ou l’effacement de vos données, la
      limitation de leur traitement, leur portabilité, vous opposer à leur utilisation et retirer à tout
      moment un consentement, sans que cela remette en cause ce qui a été fait avant. Écrivez à notre
      délégation à la protection des
      données${contact.dpo === null ? '' : ` (${contact.dpo})`}${contact.mailbox === null ? '' : html`, à l’adresse ${contact.mailbox}`},
      ou directement à ${client.legalEntity}. Nous répondons dans un délai d’un mois.
    </p>
    <p>
      Si notre réponse ne vous satisfait pas, vous pouvez introduire une réclamation auprès de la Commission
      nationale de l’informatique et des libertés (CNIL), 3 place de Fontenoy, TSA 80715, 75334 Paris Cedex
      07, www.cnil.fr.
    </p>`;
}
