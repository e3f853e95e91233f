// Builds the JSON Schema of an export from the definitions of the fields; docs/person-export.schema.json is this.
// Invariant: closed at every level; a member that is not described is not exported.
import { consentFields } from '../../src/domain/lead-fields/consent.ts';
import { isField, type Fields } from '../../src/domain/lead-fields/field.ts';
import { financialFields } from '../../src/domain/lead-fields/financial.ts';
import { identityFields } from '../../src/domain/lead-fields/identity.ts';
import { interactionFields } from '../../src/domain/lead-fields/interaction.ts';
import { originFields } from '../../src/domain/lead-fields/origin.ts';
import { projectFields } from '../../src/domain/lead-fields/project.ts';
import { personFormat } from '../../src/privacy/person/person-file.ts';

type Properties = Readonly<Record<string, object>>;

const object = (properties: Properties, optional: readonly string[] = []): object => ({
  type: 'object',
  additionalProperties: false,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties,
});
const list = (items: object, description: string): object => ({ type: 'array', items, description });
const text = (description: string): object => ({ type: 'string', description });
const at = (description: string): object => ({ type: 'string', format: 'date-time', description });
const orNone = (description: string): object => ({ type: ['string', 'null'], description });

const types: Readonly<Record<string, string>> = { integer: 'integer', decimal: 'number', boolean: 'boolean' };

function propertiesOf(fields: Fields): Properties {
  return Object.fromEntries(
    Object.entries(fields).map(([name, entry]) => {
      if (!isField(entry)) return [name, block(entry)];
      const { type, label, description, values } = entry;
      const said = `${label}. ${description}`;
      if (type === 'date') return [name, at(said)];
      return [
        name,
        {
          type: types[type] ?? 'string',
          description: said,
          ...(values === undefined ? {} : { enum: values }),
        },
      ];
    }),
  );
}

/** Unknown values are absent. */
const block = (fields: Fields): object => {
  const properties = propertiesOf(fields);
  return object(properties, Object.keys(properties));
};

const content = {
  revision: { type: 'integer', description: 'Grows with every change.' },
  identity: block(identityFields),
  project: block(projectFields),
  origin: block(originFields),
  financial: block(financialFields),
};

const consentProperties = propertiesOf(consentFields);
const consent = object(
  { ...consentProperties, wording: text('Texte lu ou entendu, mot pour mot.') },
  [...Object.keys(consentProperties), 'wording'].filter(
    (name) => !['purpose', 'channel', 'state', 'recordedAt'].includes(name),
  ),
);
const interactionProperties = propertiesOf(interactionFields);

const lead = object(
  {
    ...content,
    reference: text('Référence du centre.'),
    channel: text('Canal de la prise de contact.'),
    collectedAt: at('Date de la prise de contact.'),
    receivedAt: at('Date d’enregistrement.'),
    erasedAt: at('Date d’effacement.'),
    operation: text('Opération.'),
    operationKind: text('Nature de l’opération.'),
    notice: object({ version: text('Version de la mention d’information.'), wording: text('Son texte.') }, [
      'wording',
    ]),
    consents: list(consent, 'Réponses, de la plus ancienne à la plus récente.'),
    interactions: list(
      object(
        interactionProperties,
        Object.keys(interactionProperties).filter((name) => !['kind', 'at', 'voluntary'].includes(name)),
      ),
      'Échanges.',
    ),
    earlier: list(object(content), 'Versions antérieures gardées le temps d’un envoi.'),
  },
  ['erasedAt', 'operation', 'operationKind', 'notice'],
);

const transmission = object(
  {
    lead: text('Référence de la prise de contact.'),
    departedAt: at('Départ.'),
    action: text('create, update ou erase.'),
    recipient: text('Destinataire.'),
    destination: text('Nom technique de la destination.'),
    by: text('webhook, email, flow, pull ou sms.'),
    fields: list({ type: 'string' }, 'Champs transmis, sous le nom du destinataire.'),
    data: list({ type: 'string' }, 'Données transmises, en français.'),
    optIn: list({ type: 'object' }, 'Consentements transmis : champ, valeur, finalité, canal, réponse.'),
    reception: { enum: ['confirmed', 'unproved', 'refused', 'unknown', 'returned'] },
    answeredAt: at('Réponse.'),
  },
  ['answeredAt'],
);

const dated = (more: Properties): object =>
  object({ lead: text('Référence de la prise de contact.'), at: at('Date.'), ...more });

export const personSchema = {
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Données détenues sur une personne (relais-person-1)',
  ...object({
    format: { const: personFormat },
    kind: { enum: ['access', 'portability'] },
    request: orNone('Numéro de la demande de droits.'),
    madeAt: at('Date de l’export.'),
    client: object({
      id: text('Nom technique du client.'),
      name: text('Nom.'),
      legalEntity: text('Responsable du traitement.'),
    }),
    contact: object({
      centre: orNone('Centre, sous-traitant.'),
      dpo: orNone('Délégation à la protection des données.'),
      mailbox: orNone('Adresse pour l’exercice des droits.'),
    }),
    leads: list(lead, 'Prises de contact, de la plus ancienne à la plus récente.'),
    transmissions: list(transmission, 'Qui a reçu quoi, et quand, d’après le journal.'),
    references: list(
      object({
        lead: text('Référence de la prise de contact.'),
        destination: text('Destination.'),
        reference: text('Référence donnée par le destinataire.'),
      }),
      'Références des destinataires.',
    ),
    refusedRows: list(
      object({
        receivedAt: at('Réception.'),
        reasons: list({ type: 'string' }, 'Colonne et code du refus.'),
        values: { type: 'object', additionalProperties: { type: ['string', 'number'] } },
      }),
      'Lignes reçues et écartées.',
    ),
    oppositions: list(
      object({ optIn: text('Finalité et canal.'), since: at('Depuis.') }),
      'Liste d’opposition.',
    ),
    consultations: list(
      dated({ what: text('looked_up, revealed ou person_exported.'), why: text('Motif noté.') }),
      'Consultations par le personnel.',
    ),
    rights: list(
      dated({ what: text('Changement.'), detail: text('Précision.') }),
      'Droits exercés et corrections.',
    ),
    requests: list(
      object({
        number: text('Numéro.'),
        kind: text('Objet.'),
        openedAt: at('Réception.'),
        state: text('État.'),
      }),
      'Demandes de droits de la personne.',
    ),
  }),
};

export const personSchemaText = (): string => `${JSON.stringify(personSchema, null, 2)}\n`;
