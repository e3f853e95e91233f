// Refusals of a test lead. French first.
// Invariant: each is DEST-001; nothing has left.
import type { DestinationStatus } from '../../domain/destination.ts';
import { RelaisError } from '../../errors.ts';
import { destinationWords } from '../words.ts';

const refused = (french: string, english: string): RelaisError =>
  new RelaisError('DEST-001', [french, english]);

export const takenForReal = (id: string, connector: string): RelaisError =>
  refused(
    `${id} envoie par ${connector}, et son format ne déclare pas de bac à sable : un lead de test y passerait pour un vrai.`,
    `${id} sends by ${connector}, and its mapping declares no sandbox: a test lead would be taken for a real one.`,
  );

export const notActive = (id: string, status: DestinationStatus): RelaisError =>
  refused(
    `La destination ${id} est ${destinationWords[status]} : rien n’est envoyé.`,
    `${id} is ${status}: nothing is sent.`,
  );

export const notSetUp = (id: string): RelaisError =>
  refused(
    `La destination ${id} n’est pas prête : un secret que nomme son format n’est pas déposé.`,
    `${id} is not set up: a secret that its mapping names is not provided.`,
  );

export const nobodyAuthorised = (id: string): RelaisError =>
  refused(
    `Aucune habilitation en vigueur ne permet à quelqu’un de recevoir les leads de ${id}.`,
    `No live authorisation lets anybody receive leads of ${id}.`,
  );

export const contractEnded = (clientId: string): RelaisError =>
  refused(
    `Le contrat de ${clientId} a pris fin : rien n’est envoyé.`,
    `The contract of ${clientId} has ended: nothing is sent.`,
  );

export const tooMany = (id: string, most: number): RelaisError =>
  refused(
    `${most} leads de test sont partis vers ${id} dans l’heure : attendez.`,
    `${most} test leads were sent to ${id} within the hour: wait.`,
  );

export const noMore = (destinationId: string): RelaisError =>
  refused(
    `Rien ne peut plus être envoyé à ${destinationId}.`,
    `${destinationId} may not be sent to any more.`,
  );
