// Builds the audit pack: an auditor's evidence on one client and one period, in one signed ZIP (C46).
// Invariant: in the log, with actor and reason, before the first byte; it contains nothing of a prospect; an interrupted one is no archive.
import { Readable } from 'node:stream';
import { addDays, civilDate, frenchDate, type CivilDate } from '../../domain/civil-date.ts';
import { RelaisError } from '../../errors.ts';
import { unknownClient } from '../../errors/unknown.ts';
import { proofKeyOf, type ProofKey } from '../../privacy/proofs/proof.ts';
import { findClient } from '../../store/destinations/destinations.ts';
import { appendHandovers } from '../../store/log/handovers.ts';
import { installationId } from '../../store/people/proofs.ts';
import { startVerification, verificationAsked } from '../acts/verify-log.ts';
import { refuseReversed, typedReason } from '../typed-text.ts';
import { packFiles } from './contents.ts';
import type { PackAsked, PackFile, PackPlace } from './evidence.ts';
import { archivesNeeded } from '../../privacy/archive-file.ts';
import { createHash, sign } from 'node:crypto';
import canonicalize from 'canonicalize';
import { ZipFile } from 'yazl';
import { moment } from '../../privacy/papers/paper.ts';

export type { PackAsked, PackPlace } from './evidence.ts';

export type AuditPack = Awaited<ReturnType<typeof auditPack>>;

/**
 * The seals and the entries of the period are verified beside it, and the verification is kept like every other.
 * @throws FIND-001, USAGE-001, USAGE-002, LOG-002, LOG-003, LOG-004
 */
export async function auditPack(place: PackPlace, asked: PackAsked) {
  const { database, keys, proofs } = place;
  const reason = typedReason(asked.reason);
  const client = await findClient(database, asked.clientId);
  if (client === undefined) throw unknownClient(asked.clientId);
  refuseReversed(asked);
  await archivesNeeded(database, { folder: place.archives, sealKeys: keys.seal }, asked.from);
  const { actor, anchor, from, until } = asked;
  const verifying = await startVerification(place, actor, anchor, { from, until });
  if (verifying === undefined)
    throw new RelaisError('LOG-004', [
      'Le journal est en cours de vérification, et le dossier d’audit le vérifie aussi.',
      'The log is being verified: an audit pack verifies it too.',
    ]);
  await noted(place, asked, reason);
  const madeAt = database.now();
  const key = proofKeyOf(keys.seal.current());
  const period = { from: civilDate(asked.from), until: lastDay(asked) };
  const files = await packFiles(place, asked, async () => {
    await verifying.ended;
    return verificationAsked(place, verifying.id);
  });
  const head = {
    installation: (await installationId(database)) ?? 'none',
    client: { id: client.id, name: client.name, legalEntity: client.legalEntity },
    contact: proofs.contact,
    period,
    madeAt: madeAt.toISOString(),
    madeBy: actor,
    key: key.id,
  };
  const first: PackFile = {
    name: 'LISEZ-MOI.txt',
    about: 'ce texte',
    content: async function* () {
      yield await Promise.resolve(readMe(files, { client, period, madeAt, key: key.id }));
    },
  };
  return {
    /** The same for the same client and period: `relais-audit-horizon-2026-01-01-2026-06-30.zip`. */
    name: packName(asked),
    bytes: signedZip([first, ...files], { head, madeAt, key }),
  };
}

export const packName = (asked: Pick<PackAsked, 'clientId' | 'from' | 'until'>): string =>
  `relais-audit-${asked.clientId}-${civilDate(asked.from)}-${lastDay(asked)}.zip`;

const lastDay = ({ until }: Pick<PackAsked, 'until'>): string => addDays(civilDate(until), -1);

const noted = ({ database }: PackPlace, asked: PackAsked, reason: string): Promise<void> =>
  database.transaction((tx) =>
    appendHandovers(tx, [
      {
        entry: 'exported',
        clientId: asked.clientId,
        actor: asked.actor,
        purpose: reason,
        reason: 'audit_pack',
        target: `from ${civilDate(asked.from)} to ${lastDay(asked)}`,
      },
    ]),
  );

// Writes files as one self-proving ZIP: each with its SHA-256 in a manifest, and the manifest signed with the key of proofs (Ed25519).
// Invariant: written as it is read, in bounded memory; an interrupted one is no archive, since its directory comes last.

export const manifestName = 'manifeste.json';
export const signatureName = 'manifeste.sig';
export const sumsName = 'SHA256SUMS';
export const packFormat = 'relais-audit-pack-1';

export interface PackedFile {
  readonly name: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** Members of the manifest beside the list of files. */
type ManifestHead = Readonly<Record<string, unknown>>;

/** @param head signed with the files; `madeAt` is the time of every file in the archive */
function signedZip(
  files: readonly PackFile[],
  { head, madeAt, key }: { readonly head: ManifestHead; readonly madeAt: Date; readonly key: ProofKey },
): Readable {
  const zip = new ZipFile();
  const out = zip.outputStream as Readable;
  const packed: PackedFile[] = [];
  let open: Readable | undefined;
  let manifest = '';
  const add = (name: string, content: () => AsyncIterable<string | Buffer>): void => {
    zip.addReadStreamLazy(name, { mtime: madeAt, mode: 0o100600 }, (give) => {
      open = Readable.from(measured(name, content(), packed), { objectMode: false });
      open.once('error', (error) => out.destroy(error));
      give(null, open);
    });
  };
  zip.on('error', (error: Error) => out.destroy(error));
  // A closed output ends the file that is being read for it.
  out.once('close', () => open?.destroy());
  for (const { name, content } of files) add(name, content);
  add(sumsName, () => once(sumsOf(packed)));
  add(manifestName, () => {
    manifest = manifestOf(head, packed);
    return once(manifest);
  });
  add(signatureName, () => once(sign(null, Buffer.from(manifest), key.privateKey)));
  zip.end();
  return out;
}

async function* once<T>(piece: T): AsyncGenerator<T> {
  yield await Promise.resolve(piece);
}

async function* measured(
  name: string,
  content: AsyncIterable<string | Buffer>,
  packed: PackedFile[],
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const piece of content) {
    const buffer = typeof piece === 'string' ? Buffer.from(piece) : piece;
    hash.update(buffer);
    bytes += buffer.length;
    yield buffer;
  }
  packed.push({ name, bytes, sha256: hash.digest('hex') });
}

/** The format of `sha256sum -c`. */
export const sumsOf = (files: readonly PackedFile[]): string =>
  files.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join('');

/** RFC 8785's order of members, indented for human readers; these exact bytes are signed. */
export const manifestOf = (head: ManifestHead, files: readonly PackedFile[]): string =>
  `${JSON.stringify(JSON.parse(canonicalize({ format: packFormat, ...head, files }) ?? ''), undefined, 2)}\n`;

// Writes the first file of an audit pack, in French: the contents of each file, and how to check it without Relais.
// Invariant: it states which proof each part gives, and what is not proved.

interface ReadMeHead {
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

${howToCheck(key)}
CE QUE LA CLÉ DE SCELLEMENT PROUVE DE PLUS

Les sceaux sont des codes d’authentification (HMAC-SHA-256) dont la clé reste au centre. Sur une machine du centre, en présence de
l’auditeur, « relais audit verify DOSSIER.zip --key CLE-PUBLIQUE.pem --seals » recalcule celui de chaque sceau et de chaque entrée
de ce dossier. Les autres entrées d’un sceau sont d’autres clients ou hors de la période : elles n’y sont que par leur numéro et
leur code. Qu’aucune entrée n’a été omise avant la signature de son jour se constate sur la base du centre ; verification.json dit
ce que la vérification de tous les sceaux et des entrées de la période a trouvé quand ce dossier a été fait.

CE QUI MANQUE ICI, ET OÙ LE DEMANDER

Les lettres et les demandes de droits sont à la délégation à la protection des données. Ce qui a été transmis d’un contact se prouve avec elle, par l’empreinte que le journal en garde.
`;
}

const howToCheck = (key: string): string => `COMMENT LE VÉRIFIER, SANS RÉSEAU NI LOGICIEL DU CENTRE

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

4. Le journal est complet. Le lendemain de chaque jour, le centre signe ce que le journal de ce client contenait à la fin de ce
   jour (UTC) : nombre d’entrées, première, dernière, somme SHA-256 de leurs textes, dernier sceau, somme de l’état précédent
   (« previous »). « key » nomme la clé, qui est dans cles/. Pour un jour JOUR (2026-11-29) :

       openssl pkeyutl -verify -pubin -inkey cles/NOM.pem -rawin -in sceaux/JOUR.json -sigfile sceaux/JOUR.sig
       awk -v j='"sealedAt":"JOUR' '/^[{]/ { dans = index($0, j) } /^[[]/ && dans' journal.jsonl | sha256sum

   La seconde commande donne « sha256 » de sceaux/JOUR.json : rien n’a été ajouté, changé ni omis depuis la signature. Le premier
   et le dernier jour de la période peuvent n’être que partiels ici. « previous » est la somme du fichier du jour nommé par
   « previousDay » ; entre les deux jours il n’y a pas d’entrée. Un client qui reçoit ces états par mail (contacts.seals) les
   compare aux siens : « cmp ». Un jour sans état signé n’a pas d’entrée, ou précède la première signature.

5. Une preuve d’acte sur les données d’une personne est du centre :

       openssl pkeyutl -verify -pubin -inkey cles/NOM.pem -rawin -in preuves/N.jcs -sigfile preuves/N.sig

   preuves/N.json contient les mêmes membres, avec la signature.

6. Avec Relais, tout d’un coup :

       relais audit verify DOSSIER.zip --key CLE-PUBLIQUE.pem
`;
