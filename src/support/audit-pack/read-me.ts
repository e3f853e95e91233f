// Writes the first file of an audit pack, in French: the contents of each file, and how to check it without Relais.
// Invariant: it states which proof each part gives, and what is not proved.
import { frenchDate, type CivilDate } from '../../domain/civil-date.ts';
import { moment } from '../../privacy/papers/paper.ts';
import type { PackFile } from './place.ts';
import { manifestName, signatureName, sumsName } from './signed-zip.ts';

export interface ReadMeHead {
  readonly client: { readonly id: string; readonly name: string };
  readonly period: { readonly from: CivilDate; readonly until: CivilDate };
  readonly madeAt: Date;
  /** Id of the key that signed it. */
  readonly key: string;
}

export function readMe(files: readonly PackFile[], { client, period, madeAt, key }: ReadMeHead): string {
  const list = [
    ...files.map(({ name, about }) => [name, about] as const),
    [sumsName, 'la somme SHA-256 de chaque fichier, telle que « sha256sum -c » la lit'] as const,
    [
      manifestName,
      'le manifeste : qui a fait ce dossier, quand, pour quelle période, et la somme de chaque fichier',
    ] as const,
    [signatureName, 'la signature Ed25519 du manifeste, 64 octets'] as const,
  ];
  return `DOSSIER D’AUDIT
${client.name} (${client.id}), du ${frenchDate(period.from)} au ${frenchDate(period.until)} inclus
Fait le ${moment(madeAt)} (heure de Paris)

Ce dossier ne donne ni nom ni coordonnées de prospect : des numéros, des codes, des dates, des noms de champs, les réglages et les
textes du client. Les personnes du centre y ont un numéro (« account:12 », « staff:7 ») ; la délégation à la protection des données
du centre sait à qui il correspond, tant que le nom est conservé.

CE QUE CONTIENT CHAQUE FICHIER

${list.map(([name, about]) => `${name}\n    ${about}`).join('\n')}

COMMENT LE VÉRIFIER, SANS RÉSEAU NI LOGICIEL DU CENTRE

1. Le manifeste est bien du centre. Demandez la clé publique au centre par une autre voie que ce dossier (elle est imprimée par
   « relais proof key ») et comparez-la à la première de cles-publiques.pem. Son nom est ${key}. Puis :

       openssl pkeyutl -verify -pubin -inkey cles-publiques.pem -rawin -in ${manifestName} -sigfile ${signatureName}

2. Aucun fichier n’a changé : la somme de chacun est celle du manifeste.

       sha256sum -c ${sumsName}

   ${sumsName} lui-même a sa somme dans le manifeste.

3. Le journal est d’un seul tenant. Dans journal.jsonl, « previous » de chaque sceau (« seal » ou « link ») est « mac » du sceau qui
   le précède. Une ligne « seal » est suivie des entrées qu’elle couvre et qui concernent ce client ; une ligne « link » est un
   sceau qui n’en couvre aucune. Derrière « unsealed » viennent les entrées trop récentes pour être scellées. Une entrée est une
   liste dont la première ligne du fichier donne les colonnes.

4. Avec Relais, les trois d’un coup :

       relais audit verify DOSSIER.zip --key CLE-PUBLIQUE.pem

CE QUE LA CLÉ DE SCELLEMENT PROUVE DE PLUS

Les sceaux sont des codes d’authentification (HMAC-SHA-256) dont la clé reste au centre. Sur une machine du centre, en présence de
l’auditeur, « relais audit verify DOSSIER.zip --key CLE-PUBLIQUE.pem --seals » recalcule celui de chaque sceau et de chaque entrée
de ce dossier. Les autres entrées d’un sceau sont d’autres clients ou hors de la période : elles n’y sont que par leur numéro et
leur code. Qu’aucune entrée de ce client n’a été omise se constate sur la base du centre ; verification.json dit ce que la
vérification du journal entier a trouvé quand ce dossier a été fait.

CE QUI MANQUE ICI, ET OÙ LE DEMANDER

Les preuves signées d’actes sur les données d’une personne, les lettres et les demandes de droits sont à la délégation à la
protection des données. Ce qui a été transmis d’un contact se prouve avec elle, par l’empreinte que le journal en garde.
`;
}
