// Writes the answer to a person in French: their data, its origin, its recipients, their rights (GDPR articles 12, 15 and 20).
// Invariant: every part of the file has its place here, an empty one is shown as empty; all text of the person is escaped.
import { identityFields } from '../../domain/lead-fields/identity.ts';
import { isBought } from '../../domain/anomaly.ts';
import { optInWords } from '../../domain/lead-values.ts';
import { kindWords } from '../../domain/requests.ts';
import { html, type Html, type Piece } from '../papers/html.ts';
import { day, facts, list, moment, paper, short, signed } from '../papers/paper.ts';
import {
  accessWords,
  connectorWords,
  receptionWords,
  reasonWords,
  requestStateWords,
  refusalWords,
  rightWords,
  rowValueWords,
  sentWords,
  answerWords,
  interactionWords,
} from './letter-words.ts';
import type { ExportKind, PersonFile, HeldConsent, HeldLead } from './person-file.ts';
import { isField, type Field, type FieldValue, type Fields } from '../../domain/lead-fields/field.ts';
import { financialFields } from '../../domain/lead-fields/financial.ts';
import { originFields } from '../../domain/lead-fields/origin.ts';
import { projectFields } from '../../domain/lead-fields/project.ts';
import { requestFields } from '../../domain/lead-fields/request.ts';

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
      references.length > 0 &&
      html`<p>
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
      'Aucune des coordonnées que nous vous connaissons ne figure sur la liste d’opposition.',
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
              rowValueWords(name, value).map((line) => html`<span class="said">${line}</span><br />`),
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

/** The log names no refused row: a look at one is of no known person. */
const consultations = ({ consultations: looks, leads, refusedRows: rows }: PersonFile): Html =>
  html`<h2>Consultations par notre personnel</h2>
    ${list(
      [{ title: 'Date' }, { title: 'Consultation' }, { title: 'Motif noté' }],
      looks.map(({ at, what, why }) => [short(at), consultationWords[what] ?? what, reasonWords(why)]),
      leads.length === 0 || rows.length > 0
        ? 'Aucune consultation d’une prise de contact n’est inscrite ; celles des lignes écartées le sont sans désigner de personne.'
        : 'Personne n’a consulté votre fiche en dehors de son traitement automatique.',
    )}`;

function exercised({ rights, requests }: PersonFile): Piece {
  if (rights.length + requests.length === 0) return undefined;
  return html`<h2>Vos demandes et les changements enregistrés</h2>
    ${
      requests.length > 0 &&
      list(
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
      rights.length > 0 &&
      list(
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
    ${
      leads.length > 0 &&
      html`<p>
        <strong>Origine.</strong> ${originOf(leads)} Ce que le support publicitaire nous a appris figure sous
        « Origine ».
      </p>`
    }
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

// Writes one lead in the letter to its person: identity, project, finances, origin, consents with their wording, exchanges with content.
// Invariant: fields have the labels of their definitions, in their order; unknown values are not shown.

function leadSection(lead: HeldLead, number: number, of: number): Html {
  const title =
    of === 1
      ? `Votre prise de contact du ${day(lead.collectedAt)}`
      : `Prise de contact ${number} : ${day(lead.collectedAt)}`;
  if (lead.erasedAt !== undefined)
    return html`<h2>${title}</h2>
      ${facts([
        ['Notre référence', lead.reference],
        ['Effacée le', moment(lead.erasedAt)],
      ])}
      <p>Vos données y ont été effacées : il n’en reste que la date, le canal et cette référence.</p>`;
  return html`<h2>${title}</h2>
    ${facts([
      ['Notre référence', lead.reference],
      ['Canal', requestFields.channel.words?.[lead.channel] ?? lead.channel],
      ['Contact pris le', moment(lead.collectedAt)],
      ['Enregistrée le', moment(lead.receivedAt)],
      ['Opération', lead.operation],
    ])}
    ${block('Identité et coordonnées', identityFields, lead.identity)}
    ${block('Votre projet', projectFields, lead.project)}
    ${block('Votre situation financière', financialFields, lead.financial)}
    ${block('Origine', originFields, lead.origin)}
    <h3>Information reçue</h3>
    ${notice(lead)}
    <h3>Vos consentements, avec leur historique</h3>
    ${consents(lead.consents)}
    <h3>Échanges</h3>
    ${interactions(lead)} ${earlier(lead)}`;
}

const block = (title: string, fields: Fields, values: object): Html =>
  html`<h3>${title}</h3>
    ${facts(rowsOf(fields, values as Readonly<Record<string, unknown>>))}`;

function rowsOf(
  fields: Fields,
  values: Readonly<Record<string, unknown>>,
): readonly (readonly [string, Piece])[] {
  return Object.entries(fields).flatMap(([name, entry]): readonly (readonly [string, Piece])[] => {
    const value = values[name];
    if (value === undefined || value === null) return [];
    if (!isField(entry)) return rowsOf(entry, value as Readonly<Record<string, unknown>>);
    return [[entry.label, html`<span class="said">${valueText(entry, value as FieldValue)}</span>`]];
  });
}

function valueText(field: Field, value: FieldValue): string {
  if (value instanceof Date) return moment(value);
  if (typeof value === 'boolean') return value ? 'oui' : 'non';
  if (typeof value === 'number') return value.toLocaleString('fr-FR');
  return field.words?.[value] ?? frenchPhone(value) ?? value;
}

/** A French number in pairs, as people read it. */
function frenchPhone(value: string): string | undefined {
  const [, first, pairs = ''] = /^\+33([1-9])(\d{8})$/.exec(value) ?? [];
  return first === undefined ? undefined : `+33 ${first} ${pairs.match(/../g)?.join(' ') ?? ''}`;
}

function notice({ notice: heard }: HeldLead): Html {
  if (heard === undefined)
    return html`<p class="none">Aucune version de la mention d’information n’est enregistrée.</p>`;
  return facts([
    ['Version', heard.version],
    ['Texte', heard.wording === undefined ? undefined : html`<span class="said">${heard.wording}</span>`],
  ]);
}

const consents = (all: readonly HeldConsent[]): Html =>
  list(
    [{ title: 'Date' }, { title: 'Pour' }, { title: 'Votre réponse' }, { title: 'Recueillie' }],
    all.map((consent) => [
      short(consent.recordedAt),
      optInWords(`${consent.purpose}.${consent.channel}`),
      html`${answerWords(consent.state, wasGranted(all, consent))}${consent.validUntil === undefined ? '' : html`<br />jusqu’au ${moment(consent.validUntil)}`}${consent.legalEntity === undefined ? '' : html`<br />pour ${consent.legalEntity}`}`,
      recorded(consent),
    ]),
    'Aucune réponse de votre part n’est enregistrée.',
  );

const wasGranted = (all: readonly HeldConsent[], { purpose, channel }: HeldConsent): boolean =>
  all.some((one) => one.purpose === purpose && one.channel === channel && one.state === 'granted');

function recorded({ source, wordingVersion, wording }: HeldConsent): Piece {
  if (source === undefined && wordingVersion === undefined) return '-';
  return html`${source === undefined ? '' : html`source : ${source}<br />`}${wordingVersion === undefined ? '' : html`texte ${wordingVersion}`}${wording === undefined ? '' : html` : « <span class="said">${wording}</span> »`}`;
}

const interactions = ({ interactions: all }: HeldLead): Html =>
  list(
    [{ title: 'Date' }, { title: 'Nature' }, { title: 'Contenu' }],
    all.map(({ at, kind, duration, voluntary, content }) => [
      short(at),
      html`${interactionWords(kind)}${duration === undefined ? '' : html`<br />${lasting(duration)}`}${voluntary ? html`<br />à votre initiative` : ''}`,
      content === undefined ? '-' : html`<span class="said">${content}</span>`,
    ]),
    'Aucun échange n’est enregistré.',
  );

function earlier({ earlier: states }: HeldLead): Piece {
  if (states.length === 0) return undefined;
  return html`<h3>Versions antérieures</h3>
    <p>
      ${states.length === 1 ? 'Une version antérieure de cette prise de contact est gardée' : `${states.length} versions antérieures de cette prise de contact sont gardées`},
      chiffrée${states.length === 1 ? '' : 's'}, le temps qu’un envoi en cours s’achève.
    </p>
    ${states.map(
      (state) =>
        html`${block(`Version ${state.revision}`, identityFields, state.identity)}${facts(
          [
            ...rowsOf(projectFields, state.project as Readonly<Record<string, unknown>>),
            ...rowsOf(originFields, state.origin as Readonly<Record<string, unknown>>),
            ...rowsOf(financialFields, state.financial as Readonly<Record<string, unknown>>),
          ],
          '',
        )}`,
    )}`;
}

/** `5 min 10 s` */
const lasting = (seconds: number): string =>
  seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
