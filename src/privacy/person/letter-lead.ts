// Writes one lead in the letter to its person: identity, project, finances, origin, consents with their wording, exchanges with content.
// Invariant: fields have the labels of their definitions, in their order; unknown values are not shown.
import { isField, type Field, type FieldValue, type Fields } from '../../domain/lead-fields/field.ts';
import { financialFields } from '../../domain/lead-fields/financial.ts';
import { identityFields } from '../../domain/lead-fields/identity.ts';
import { originFields } from '../../domain/lead-fields/origin.ts';
import { projectFields } from '../../domain/lead-fields/project.ts';
import { requestFields } from '../../domain/lead-fields/request.ts';
import { html, type Html, type Piece } from '../papers/html.ts';
import { day, facts, list, moment, short } from '../papers/paper.ts';
import { optInWords } from '../../domain/opt-in-words.ts';
import { answerWords, interactionWords } from './letter-words.ts';
import type { HeldConsent, HeldLead } from './person-file.ts';

export function leadSection(lead: HeldLead, number: number, of: number): Html {
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
