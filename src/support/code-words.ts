// Words of the code after the colon of a reason: our own findings, before sending or about an answer. French first.
// Invariant: a recipient's own code of refusal has no words of ours, even where it is spelt like one.
import { meaningOf } from '../../connectors/http-status.ts';
import type { Both } from '../../connectors/contract.ts';

// Words of the codes that Relais itself gives an attempt, for any way of sending: a connection, an access, an answer. French first.
// Invariant: every code of docs/errors.md, "After the colon", has its words here or in `codes-of-ways.ts`; a test checks each.

/** Found before anything was sent: the lead does not fit the client's format. */
const codesOfFormat: Readonly<Record<string, Both>> = {
  REQUIRED: ['un champ obligatoire est absent', 'a field that is required is absent'],
  NOT_IN_MAP: ['une valeur n’est pas dans sa table', 'a value has no entry in its map'],
  TOO_LONG: ['une valeur est trop longue pour le client', 'a value is longer than the client takes'],
  UNMAPPABLE: [
    'un caractère n’existe pas dans l’encodage du fichier',
    'a sign the file’s encoding does not have',
  ],
  UNQUOTABLE: ['un séparateur dans un fichier sans guillemets', 'a delimiter in a file that quotes nothing'],
  NOT_READ_BACK: ['une ligne ne se relirait pas telle quelle', 'a row would not be read back as it is'],
  PLACE_EMPTY: ['un paramètre n’a pas de valeur', 'a parameter has no value'],
  NOT_OF_TYPE: ['une valeur n’est pas du type attendu', 'a value is not of the type asked for'],
  NO_NULL: ['une valeur nulle, que XML-RPC n’a pas', 'a null, which XML-RPC does not have'],
  ILL_FORMED: [
    'un caractère incomplet, qu’aucun encodage ne contient',
    'half a character, which no encoding holds',
  ],
  ACTION_NOT_IN_MAPPING: ['le format n’a pas cette action', 'the mapping has no such action'],
  SCHEMA_TOO_SLOW: ['le schéma du client ne finit pas à temps', 'the client’s schema found no end in time'],
  SCHEMA_WITHOUT_END: [
    'le schéma du client se répète sans fin',
    'the client’s schema refers to itself for ever',
  ],
};

/** Before anything left. */
const codesOfDeparture: Readonly<Record<string, Both>> = {
  ADDRESS_NOT_ALLOWED: [
    'l’adresse est privée ou réservée, et n’est pas dans RELAIS_ALLOWED_RANGES',
    'the address is private or reserved and not in RELAIS_ALLOWED_RANGES',
  ],
  TLS_CERTIFICATE: [
    'son certificat ne se vérifie pas : expiré, autre nom ou autorité inconnue',
    'its certificate does not verify: expired, another name or unknown authority',
  ],
  CLIENT_CERTIFICATE: [
    'il refuse notre certificat client, ou en demande un',
    'it refuses our client certificate, or asks for one',
  ],
  TLS_FAILED: ['le chiffrement n’a pas pu être convenu', 'TLS could not be agreed'],
  DNS: ['son nom n’existe pas dans le DNS', 'its name does not resolve'],
  CONNECT_REFUSED: ['rien n’écoute à cette adresse', 'nothing listens there'],
  CONNECT_RESET: ['la connexion a été coupée en s’établissant', 'the connection was cut while being made'],
  CONNECT_TIMEOUT: ['pas de connexion à temps', 'no connection in time'],
  CONNECT_ABORTED: ['nous avons arrêté avant la connexion', 'we stopped before there was a connection'],
  CONNECT_FAILED: ['une autre erreur de réseau', 'another network error'],
  UNREACHABLE: ['aucune route vers cette adresse', 'no route to that address'],
  TARGET_NOT_ALLOWED: [
    'cet hôte, boîte ou dossier n’est pas dans le contrat ou l’habilitation',
    'this host, mailbox or folder is not among those of contract and authorisation',
  ],
  PLAINTEXT_NOT_ALLOWED: ['une adresse en clair', 'an address in clear'],
  SECRET_MISSING: [
    'un secret que nomme le format n’est pas déposé',
    'a secret that the mapping names has no value',
  ],
  SECRET_MALFORMED: ['la valeur d’un secret ne peut pas servir', 'the value of a secret cannot be used'],
  TOKEN_TOO_MANY_REQUESTS: [
    'le serveur de jetons a été interrogé trop souvent',
    'the token endpoint was asked too often',
  ],
  TOKEN_REFUSED: ['le serveur de jetons refuse', 'the token endpoint refuses'],
  TOKEN_ANSWER_UNREADABLE: [
    'la réponse du serveur de jetons ne contient pas de jeton',
    'the answer of the token endpoint has no token',
  ],
  TOKEN_MALFORMED: ['le jeton reçu ne tient pas dans un en-tête', 'the token cannot stand in a header'],
  TOKEN_NOT_SHARED: [
    'un essai sur cette machine ne prend pas un jeton qui ne vaut peut-être qu’une fois',
    'a trial on this machine uses no token that may be good only once',
  ],
  TOKEN_AWAITED: [
    'un autre processus prenait le jeton ou la session, trop longtemps',
    'another process was getting the token or session, and took too long',
  ],
  LOGIN_NOT_PROVED: [
    'la réponse à la connexion n’a pas ce qui la prouve',
    'the answer to the login lacks what proves it',
  ],
  LOGIN_TOKEN_MISSING: [
    'la réponse à la connexion n’a pas de jeton à l’endroit prévu',
    'the answer to the login has no token where the file says',
  ],
  LOGIN_TOKEN_MALFORMED: [
    'le jeton de la connexion ne tient pas dans un en-tête',
    'the token of the login cannot stand in a header',
  ],
  LEASE_LOST: [
    'le bail a expiré avant le premier octet : un autre processus a pris la livraison',
    'the lease had run out before the first byte: another process has the delivery',
  ],
  LEASE_LOST_MIDWAY: [
    'le bail a expiré pendant l’envoi du fichier : rien n’est apparu sous son nom',
    'the lease ran out while the file was sent: nothing has appeared under its name',
  ],
  URL_MALFORMED: ['une adresse secrète n’est pas une adresse', 'a secret address is no address'],
  REFERENCE_MISSING: [
    'l’adresse a besoin d’une référence que le destinataire n’a pas donnée',
    'the address needs a reference the recipient has not given',
  ],
  REFERENCE_MALFORMED: [
    'la référence ne tient pas dans une adresse',
    'the reference cannot stand in an address',
  ],
  BROKEN: ['une erreur de Relais lui-même', 'a fault of Relais itself'],
  ONE_ITEM_EXPECTED: ['une erreur de Relais : signalez-la', 'a fault of Relais: report it'],
  BATCH_MISSING: ['une erreur de Relais : signalez-la', 'a fault of Relais: report it'],
  FETCHED_ONLY: ['le client vient chercher ses leads', 'the client comes for its leads'],
};

/** After the content began to leave. */
const codesOfAnswer: Readonly<Record<string, Both>> = {
  RESPONSE_TIMEOUT: ['pas de réponse à temps', 'no answer in time'],
  REFERENCE_NOT_GIVEN: [
    'la réponse vaut acceptation, mais sans la référence promise',
    'the answer says yes, without the reference promised',
  ],
  REFERENCE_DIFFERS: [
    'la fiche trouvée porte une autre référence que la nôtre',
    'the record found has another reference than ours',
  ],
  FURTHER_RECORDS: [
    'le destinataire montre d’autres fiches sous notre référence',
    'the recipient shows further records of our reference',
  ],
  FURTHER_RECORD_UNWRITTEN: [
    'une autre fiche sous notre référence ne peut pas être désignée : traitez-la à la main',
    'a further record of our reference cannot be named: treat it by hand',
  ],
  ANSWER_TOO_COMPLEX: ['la réponse est trop complexe pour être lue', 'the answer is too complex to be read'],
  ANSWER_TOO_LARGE: ['la réponse est plus longue que ce qui est lu', 'the answer is longer than is read'],
  FAULT: ['une erreur du protocole que rien ne lit', 'a fault of the protocol that no rule reads'],
  FAULT_NOT_READ: [
    'le destinataire dit n’avoir pas pu lire notre requête',
    'the recipient says that it could not read our request',
  ],
  NOT_OF_THE_PROTOCOL: ['la réponse n’est pas du protocole', 'the answer is none of the protocol'],
  CAPTURE_MISSING: [
    'la réponse vaut acceptation, mais sans l’identifiant dont l’appel suivant a besoin',
    'the answer says yes, without the id the next call needs',
  ],
  TOTAL_TIMEOUT: ['le délai est écoulé', 'all the time was used up'],
  ABORTED: ['nous avons arrêté en cours de route', 'we stopped in the middle'],
  CONNECTION_RESET: ['la connexion a été coupée', 'the connection was cut'],
  ANSWER_CUT: ['la réponse a été coupée', 'the answer was cut'],
  ANSWER_UNREADABLE: ['la réponse ne peut pas être lue', 'the answer cannot be read'],
  GIVEN_BACK: ['le client l’a rendue sans dire pourquoi', 'the client gave it back without saying why'],
  READ_ONLY: ['le client l’a lue sans la prendre', 'the client read it without taking it'],
  LEASE_LAPSED: [
    'le processus qui envoyait s’est arrêté, ou le client n’a pas répondu',
    'the sending process stopped, or the client did not answer',
  ],
  RUN_REPLACED: ['un nouvel envoi a commencé avant la réponse', 'a new run began before the answer'],
  NO_LOOKUP: ['ce destinataire ne peut pas être interrogé', 'this recipient cannot be asked'],
  LOOKUP_NOT_CONFIGURED: [
    'le format ne dit pas comment interroger le destinataire',
    'the mapping does not say how to ask the recipient',
  ],
};

// Words of the codes of one way of sending: mail, text message, file, acknowledgement. French first.

const codesOfMail: Readonly<Record<string, Both>> = {
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
  DKIM_RECORD_MISSING: ['aucune clé DKIM n’est dans le DNS', 'no DKIM key is in DNS'],
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

const codesOfTextMessages: Readonly<Record<string, Both>> = {
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

const codesOfFiles: Readonly<Record<string, Both>> = {
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
    'the server does not say whether a file is there, nor its size',
  ],
  HOST_KEY_MISMATCH: [
    'la clé du serveur n’est pas celle du format : demandez au client avant de la changer',
    'the server’s key is not the one of the mapping: ask the client before you change it',
  ],
  FOLDER_MISSING: ['le dossier n’existe pas', 'the folder does not exist'],
  FOLDER_FORBIDDEN: ['nous n’avons pas le droit d’y écrire', 'no right to write there'],
  FOLDER_FULL: ['il n’y a plus de place', 'no space left'],
  NAME_TAKEN: [
    'un fichier de ce nom au contenu différent, ou son témoin, est déjà là',
    'a file of that name with other content, or its marker, is there already',
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

const codesOfAcknowledgements: Readonly<Record<string, Both>> = {
  MALFORMED: ['un guillemet ou un élément n’est pas fermé', 'a quote or an element is not closed'],
  ENCODING: ['il n’est pas dans l’encodage convenu', 'it is not in the encoding agreed'],
  COLUMNS: ['il manque une colonne que le format nomme', 'it lacks a column that the mapping names'],
  TOO_LARGE: ['il est plus grand que ce qui est lu', 'it is larger than is read'],
};

const ours: Readonly<Record<string, Both>> = {
  ...codesOfAcknowledgements,
  ...codesOfFormat,
  ...codesOfTextMessages,
  ...codesOfMail,
  ...codesOfFiles,
  ...codesOfAnswer,
  ...codesOfDeparture,
};

/** Codes with a fixed beginning and a variable end. */
const beginnings: readonly (readonly [start: string, words: Both])[] = [
  ['SCHEMA_', ['le schéma du client n’est pas respecté', 'the client’s schema is not met']],
  ['TOKEN_', ['aucun jeton n’a été obtenu', 'no token was got']],
  ['LOGIN_', ['aucune session n’a été obtenue', 'no session was got']],
  ['RENEWAL_', ['notre accès a pris fin et n’a pas été renouvelé', 'our access ended and was not renewed']],
  ['CREDENTIALS_', ['la base n’a pas donné le jeton', 'the database did not give the token']],
  ['UNMATCHED_', ['aucune règle du format ne lit cette réponse', 'no rule of the mapping reads this answer']],
];

/** Codes of ours for a recipient's refusal: of files, and where no other reason was given. */
const ofRefusals: ReadonlySet<string> = new Set(['FILE_TOO_LARGE', 'NAME_TAKEN', 'NO_REASON', 'GIVEN_BACK']);

/** Undefined for a code that is not ours. */
export const codeWords = (code: string): Both | undefined =>
  (Object.hasOwn(ours, code) ? ours[code] : undefined) ??
  meaningOf(Number(/^HTTP_(\d{3})$/.exec(code)?.[1] ?? 0))?.support ??
  beginnings.find(([start]) => code.startsWith(start))?.[1];

/** Outcomes that are the recipient's judgement of the lead; the words of `throttled` already cover its status. */
const theirs: ReadonlySet<string> = new Set(['refused', 'duplicate', 'accepted', 'throttled']);

/** The same after a reason or an outcome. */
export const codeWordsBehind = (base: string, code: string): Both | undefined =>
  theirs.has(base) && !ofRefusals.has(code) ? undefined : codeWords(code);
