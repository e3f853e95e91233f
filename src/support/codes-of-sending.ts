// Words of the codes that Relais itself gives an attempt, for any way of sending: a connection, an access, an answer. French first.
// Invariant: every code of docs/errors.md, "After the colon", has its words here or in `codes-of-ways.ts`; a test checks each.
import type { Both } from '../../connectors/contract.ts';

/** Found before anything was sent: the lead does not fit the client's format. */
export const codesOfFormat: Readonly<Record<string, Both>> = {
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
export const codesOfDeparture: Readonly<Record<string, Both>> = {
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
export const codesOfAnswer: Readonly<Record<string, Both>> = {
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
  NO_LOOKUP: ['ce destinataire ne peut pas être interrogé', 'this recipient cannot be asked'],
  LOOKUP_NOT_CONFIGURED: [
    'le format ne dit pas comment interroger le destinataire',
    'the mapping does not say how to ask the recipient',
  ],
};
