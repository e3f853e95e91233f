// Describes the transport of a text message, and when it counts as delivered, for the document a client signs.
// Invariant: the secret is shown by its name.
import type { SignedRow, SignedWords } from '../contract.ts';
import { shownSetting } from '../guard.ts';
import type { SmsSettings } from './settings.ts';

function transport({ url = '', sender = '', to, auth }: Partial<SmsSettings>): readonly SignedRow[] {
  const token = shownSetting(auth?.bearer ?? '');
  const clear = /^http:/i.test(url);
  return [
    {
      point: ['Transport', 'Transport'],
      agreed: clear
        ? [
            'SMS par l’API HTTP en clair d’un opérateur, un lead par message',
            "Text message by a provider's plain HTTP API, one lead a message",
          ]
        : [
            'SMS par l’API HTTPS d’un opérateur, un lead par message',
            "Text message by a provider's HTTPS API, one lead a message",
          ],
    },
    { point: ['Opérateur', 'Provider'], agreed: [url, url] },
    { point: ['Expéditeur', 'Sender'], agreed: [sender, sender] },
    {
      point: ['Destinataire', 'Recipient'],
      agreed:
        to === undefined ? ['le numéro du champ recipient', 'the number in the field recipient'] : [to, to],
    },
    {
      point: ['Authentification', 'Authentication'],
      agreed: [`en-tête Authorization: Bearer, ${token[0]}`, `header Authorization: Bearer, ${token[1]}`],
    },
    {
      point: ['Clé du lead', 'Key of the lead'],
      agreed: [
        'la même à chaque essai : en-tête Idempotency-Key',
        'the same at every attempt: header Idempotency-Key',
      ],
    },
  ];
}

export const smsWords: SignedWords<SmsSettings> = {
  transport,
  delivered: [
    'Un SMS pris en charge par l’opérateur, qui en donne la référence, vaut remise ; son arrivée sur le téléphone n’est pas prouvée.',
    'A text message that the provider has taken, giving its id, counts as handed over; that it reached the phone is not proved.',
  ],
  addressOnly: [
    'Seule l’adresse de l’opérateur a été essayée (nom, réseau, TLS), non le jeton : aucune requête ne l’essaie sans envoyer de SMS.',
    "Only the provider's address was tried (name, network, TLS), not the token: no request tries it without sending a message.",
  ],
};
