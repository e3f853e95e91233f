// Describes the transport of a mail, and when it counts as delivered, for the document a client signs.
// Invariant: a secret is shown by its name.
import type { Both, SignedRow, SignedWords } from '../contract.ts';
import { shownSetting } from '../guard.ts';
import type { DkimSettings } from '../mail/dkim.ts';
import type { EmailSettings } from './settings.ts';

const row = (point: Both, value: string | readonly string[]): SignedRow => ({
  point,
  agreed: shownSetting(value),
});

function transport({
  to,
  cc,
  from,
  attachment,
  content,
  readAt,
  openpgp,
  dkim,
  returnPath,
}: Partial<EmailSettings>): readonly SignedRow[] {
  return [
    {
      point: ['Transport', 'Transport'],
      agreed: ['E-mail, un lead par message', 'Email, one lead a message'],
    },
    row(['Destinataires', 'Recipients'], to ?? ''),
    ...(cc === undefined ? [] : [row(['Copie', 'Copy'], cc)]),
    row(['Expéditeur', 'Sender'], from ?? ''),
    ...(attachment === undefined ? [] : [row(['Pièce jointe', 'Attachment'], attachment)]),
    ...(content === 'notice' ? [noticeRow(readAt ?? '')] : []),
    ...(openpgp === undefined ? [] : [encryptionRow]),
    ...(dkim === undefined ? [] : [dkimRow(dkim)]),
    ...(returnPath === undefined ? [] : [returnRow]),
  ];
}

const noticeRow = (readAt: string): SignedRow => ({
  point: ['Contenu', 'Content'],
  agreed: [
    `Un avis sans nom ni coordonnées ; le lead et son opt-in se lisent à ${readAt}`,
    `A notice without any data of the person; the lead and its opt-in are read at ${readAt}`,
  ],
});

const encryptionRow: SignedRow = {
  point: ['Chiffrement', 'Encryption'],
  agreed: [
    'OpenPGP (PGP/MIME) avec votre clé publique ; une clé expirée suspend l’envoi',
    'OpenPGP (PGP/MIME) with your public key; nothing is sent once the key is over',
  ],
};

const returnRow: SignedRow = {
  point: ['Retours', 'Bounces'],
  agreed: [
    'Un message que votre messagerie renvoie après coup est compté en échec et repris',
    'A message that your mail system returns afterwards counts as failed and is taken up again',
  ],
};

const dkimRow = ({ domain, selector }: DkimSettings): SignedRow => ({
  point: ['Signature des messages', 'Signature of messages'],
  agreed: [`DKIM, domaine ${domain}, sélecteur ${selector}`, `DKIM, domain ${domain}, selector ${selector}`],
});

export const emailSigned: SignedWords<EmailSettings> = {
  transport,
  delivered: [
    'Un message pris en charge par votre serveur de messagerie pour chacune des adresses vaut remise ; sa lecture n’est pas prouvée.',
    'A message that your mail server has taken for each of the addresses counts as handed over; that it was read is not proved.',
  ],
};
