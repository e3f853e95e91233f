// Makes the errors for a name or number that does not exist, with the same words in every interface. French first.
// Invariant: the words never reveal whether it never existed or belongs to another client.
import { RelaisError, type BothSentences } from '../errors.ts';

const unknown = (french: string, english: string): RelaisError =>
  new RelaisError('FIND-001', [french, english]);

export const unknownClient = (id: string): RelaisError =>
  unknown(`Aucun client ne s’appelle ${id}.`, `No client is called ${id}.`);

export const unknownDestination = (id: string): RelaisError =>
  unknown(`Aucune destination ne s’appelle ${id}.`, `No destination is called ${id}.`);

export const unknownVersion = (destination: string, version: number): RelaisError =>
  unknown(
    `La destination ${destination} n’a pas de version ${version}.`,
    `Destination ${destination} has no version ${version}.`,
  );

export const unknownDelivery = (name: string): RelaisError =>
  unknown(`Aucune livraison n’a le numéro ou la clé ${name}.`, `No delivery has the number or key ${name}.`);

export const unknownLeadWords = (clientId: string, reference: string): BothSentences => [
  `Le client ${clientId} n’a aucun lead de référence ${reference}.`,
  `Client ${clientId} has no lead with the reference ${reference}.`,
];

export const unknownLead = (clientId: string, reference: string): RelaisError =>
  unknown(...unknownLeadWords(clientId, reference));

export const unknownRun = (id: number): RelaisError =>
  unknown(`Aucun traitement groupé n’a le numéro ${id}.`, `No bulk run has the number ${id}.`);

export const leadComingIn = (reference: string): RelaisError =>
  unknown(
    `Le lead ${reference} est sur le point d’être pris en charge : recommencez dans un instant.`,
    `Lead ${reference} is about to be taken in: ask again in a moment.`,
  );

export const unknownInstruction = (clientId: string, number: number): RelaisError =>
  unknown(
    `Le client ${clientId} n’a pas d’instruction ${number}.`,
    `Client ${clientId} has no instruction ${number}.`,
  );

export const unknownRequest = (name: number | string): RelaisError =>
  unknown(`Il n’y a pas de demande de droits ${name}.`, `There is no request ${name}.`);

export const unknownAccount = (login: string): RelaisError =>
  unknown(`Aucun compte n’a l’identifiant ${login}.`, `No account has the login ${login}.`);

export const erasedLead = (reference: string): RelaisError =>
  new RelaisError('LEAD-004', [`Le lead ${reference} a été effacé.`, `Lead ${reference} has been erased.`]);

export const nothingPublished = (destination: string): RelaisError =>
  new RelaisError('MAPPING-002', [
    `Aucun format n’est publié pour ${destination}.`,
    `${destination} has no published mapping.`,
  ]);

export const missingArchive = (fileName: string, folder: string): RelaisError =>
  new RelaisError('LOG-002', [
    `${fileName} manque dans ${folder}, ou n’est pas celui qui a été inscrit.`,
    `${fileName} in ${folder} is missing, or is not the one recorded.`,
  ]);
