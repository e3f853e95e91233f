// Words of the codes of one way of sending: mail, text message, file, acknowledgement. French first.
// Invariant: as in `codes-of-sending.ts`.
import type { Both } from '../../connectors/contract.ts';

export const codesOfMail: Readonly<Record<string, Both>> = {
  SMTP_AUTH: ['le serveur de messagerie refuse la connexion', 'the mail server refuses the login'],
  TLS_REFUSED: ['le serveur n’offre pas de chiffrement', 'the server offers no TLS'],
  DKIM_KEY_UNREADABLE: [
    'la clé DKIM n’est pas une clé privée RSA lisible',
    'the DKIM key is no private RSA key that can be read',
  ],
  DKIM_KEY_WEAK: ['la clé DKIM a moins de 1 024 bits', 'the DKIM key is shorter than 1,024 bits'],
  OPENPGP_KEY_UNREADABLE: [
    'la clé OpenPGP du client est illisible',
    'the client’s OpenPGP key is unreadable',
  ],
  OPENPGP_KEY_EXPIRED: ['la clé OpenPGP du client a expiré', 'the client’s OpenPGP key is over'],
  OPENPGP_KEY_UNUSABLE: [
    'la clé OpenPGP du client est révoquée ou ne chiffre pas',
    'the client’s OpenPGP key is revoked, or cannot encrypt',
  ],
  OPENPGP_SIGN_KEY_UNUSABLE: ['notre clé OpenPGP ne peut pas signer', 'our OpenPGP key cannot sign'],
  DKIM_RECORD_MISSING: ['aucune clé DKIM n’est dans le DNS', 'no DKIM key stands in DNS'],
  DKIM_RECORD_DIFFERS: [
    'le DNS publie une autre clé DKIM que celle qui signe',
    'DNS publishes another DKIM key than the one that signs',
  ],
  MESSAGE_TOO_LARGE: ['le message dépasse la taille permise', 'the message is larger than the server takes'],
  ENVELOPE_MALFORMED: ['une boîte que le serveur ne peut pas lire', 'a mailbox the server cannot read'],
  IMAP_AUTH: ['le serveur IMAP refuse la connexion', 'the IMAP server refuses the login'],
  IMAP_REFUSED: ['le serveur IMAP refuse une commande', 'the IMAP server refuses a command'],
  IMAP_NOT_REMOVED: [
    'un retour a été lu et n’a pas pu être retiré de la boîte',
    'a report was read and could not be removed from the mailbox',
  ],
};

export const codesOfTextMessages: Readonly<Record<string, Both>> = {
  BODY_UNREADABLE: [
    'un SMS exige un format qui écrit des champs JSON',
    'a text message needs a mapping that writes JSON fields',
  ],
  FIELD_NOT_TEXT: ['un champ du SMS n’est pas un texte', 'a field of the text message is no text'],
  RECIPIENT_MISSING: ['le SMS n’a pas de numéro', 'the text message has no number'],
  RECIPIENT_MALFORMED: [
    'le numéro n’a pas + et l’indicatif du pays',
    'the number is none with + and country',
  ],
  TEXT_MISSING: ['le SMS n’a pas de texte', 'the text message has no text'],
  TEXT_TOO_LONG: ['le SMS a plus de 1 530 caractères', 'the text message has more than 1,530 characters'],
};

export const codesOfFiles: Readonly<Record<string, Both>> = {
  SFTP_AUTH: ['le serveur SFTP refuse la connexion', 'the SFTP server refuses the login'],
  FTPS_AUTH: ['le serveur FTPS refuse la connexion', 'the FTPS server refuses the login'],
  S3_AUTH: [
    'le stockage ne connaît pas la clé, ou son secret est différent',
    'the storage does not know the access key, or its secret is another',
  ],
  S3_REGION: ['le compartiment est dans une autre région', 'the bucket is in another region'],
  CLOCK_SKEWED: ['l’horloge du stockage et la nôtre divergent', 'the clocks are too far apart'],
  METHOD_REFUSED: [
    'le serveur de fichiers ne prend pas cette façon de déposer',
    'the server of files does not take this way of putting a file',
  ],
  CONDITION_UNKNOWN: [
    'le serveur refuse If-None-Match : écrire `conditional: false`',
    'the server refuses If-None-Match: write `conditional: false`',
  ],
  FILE_TOO_LARGE: ['le fichier dépasse la taille permise', 'the file is larger than the server takes'],
  SIZE_UNTOLD: [
    'le serveur ne dit pas si un fichier est là, ni sa taille',
    'the server does not say whether a file stands there, nor its size',
  ],
  HOST_KEY_MISMATCH: [
    'la clé du serveur n’est pas celle du format : demandez au client avant de la changer',
    'the server’s key is not the one of the mapping: ask the client before you change it',
  ],
  FOLDER_MISSING: ['le dossier n’existe pas', 'the folder does not exist'],
  FOLDER_FORBIDDEN: ['nous n’avons pas le droit d’y écrire', 'no right to write there'],
  FOLDER_FULL: ['il n’y a plus de place', 'no space left'],
  NAME_TAKEN: [
    'un fichier de ce nom, au contenu différent, est déjà là',
    'a file of that name with other content is there already',
  ],
  SIZE_MISMATCH: ['le fichier est arrivé avec une autre taille', 'the file arrived with another size'],
  CONTENT_LOST: ['un long fichier s’est interrompu chez nous', 'a long file broke off on our side'],
  FILE_NOT_FINISHED: [
    'un long fichier abandonné avant de partir ; il est réécrit',
    'a long file was given up before it left; it is written again',
  ],
  CONNECTION_LOST: ['la connexion a été coupée pendant le dépôt', 'cut while uploading'],
  SERVER_FAILURE: ['le serveur a refusé sans donner de motif', 'the server said no without a reason'],
  FILE_NOT_SEEN: [
    'le fichier n’était plus là, sans accusé de réception : le destinataire l’a peut-être pris',
    'the file was not there, nor acknowledged: the recipient may have taken it',
  ],
  NO_REASON: ['sa ligne dans l’accusé ne dit pas pourquoi', 'its line in the acknowledgement gives no code'],
};

export const codesOfAcknowledgements: Readonly<Record<string, Both>> = {
  MALFORMED: ['un guillemet ou un élément n’est pas fermé', 'a quote or an element is not closed'],
  ENCODING: ['il n’est pas dans l’encodage convenu', 'it is not in the encoding agreed'],
  COLUMNS: ['il manque une colonne que le format nomme', 'it lacks a column that the mapping names'],
  TOO_LARGE: ['il est plus grand que ce qui est lu', 'it is larger than is read'],
};
