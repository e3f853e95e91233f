// The packing settings of a `file` block: names, rules, words. Pure.
// Invariant: a file name shows how the file is packed; a name whose packing the settings do not do is a mistake.
import {
  oneOf,
  problemIf,
  type Both,
  type JsonSchema,
  type SettingsProblem,
  type SignedRow,
} from '../../contract.ts';
import { pgpProblems, pgpSchema, shownKeys, type OpenPgpSettings } from '../../openpgp.ts';

export interface PackingSettings {
  readonly compress?: 'gzip' | 'zip';
  readonly openpgp?: OpenPgpSettings;
}

export const packingSchema: Readonly<Record<string, JsonSchema>> = {
  compress: oneOf('The file leaves compressed, and its name ends in .gz or .zip.', ['gzip', 'zip']),
  openpgp: pgpSchema('the file, behind its compression,'),
};

const suffixes = { gzip: '.gz', zip: '.zip' } as const;
const sealed = /\.(gpg|pgp|asc)$/i;

/** The name of the packed file: `.csv.gz`, `.csv.zip`, `.csv.gz.gpg`. An extension already in the name is not added twice. */
export function packedName(name: string, { compress, openpgp }: PackingSettings): string {
  const outer = openpgp === undefined ? '' : (sealed.exec(name)?.[0] ?? '.gpg');
  const inner = openpgp === undefined ? name : name.replace(sealed, '');
  const suffix = compress === undefined ? '' : suffixes[compress];
  const packed = inner.toLowerCase().endsWith(suffix) ? inner : inner + suffix;
  return packed + outer;
}

/** The media type of the packed file; with another, a mail program would open an attachment as its content. */
export function packedType(mediaType: string, { compress, openpgp }: PackingSettings): string {
  if (openpgp !== undefined) return 'application/octet-stream';
  return compress === undefined ? mediaType : `application/${compress}`;
}

/** The name of the file inside its archive. */
export function nameInside(packed: string, extension: string): string {
  const inside = packed.replace(sealed, '').replace(/\.zip$/i, '');
  return inside.includes('.') ? inside : `${inside}.${extension.replaceAll(/[^A-Za-z0-9]/g, '')}`;
}

export function packingProblems({
  name,
  compress,
  openpgp,
}: PackingSettings & { readonly name: string }): readonly SettingsProblem[] {
  const [seal] = sealed.exec(name) ?? [];
  const inner = name.replace(sealed, '').toLowerCase();
  return [
    ...pgpProblems(openpgp),
    ...problemIf(seal !== undefined && openpgp === undefined, '/name', [
      `Le nom finit par ${seal} et rien n’est chiffré : écrivez openpgp: { encryptTo: secret:NOM }, ou une autre fin.`,
      `The name ends in ${seal} and nothing is encrypted: write openpgp: { encryptTo: secret:NAME }, or another ending.`,
    ]),
    ...Object.entries(suffixes).flatMap(([way, suffix]) =>
      problemIf(inner.endsWith(suffix) && compress !== way, '/name', [
        `Le nom finit par ${suffix} et le fichier n’est pas compressé ainsi : écrivez compress: ${way}, ou une autre fin.`,
        `The name ends in ${suffix} and the file is not packed so: write compress: ${way}, or another ending.`,
      ]),
    ),
  ];
}

/** The lines of a preview. */
export const packingHead = ({ compress, openpgp }: PackingSettings): readonly string[] => [
  ...(compress === undefined ? [] : [`compressed: ${compress}`]),
  ...(openpgp === undefined ? [] : [`OpenPGP: encrypted to ${shownKeys(openpgp)}`]),
];

const compressed: Readonly<Record<NonNullable<PackingSettings['compress']>, Both>> = {
  gzip: ['gzip ; le nom du fichier se termine par .gz', 'gzip; the name of the file ends in .gz'],
  zip: [
    'Archive zip d’un seul fichier ; son nom se termine par .zip',
    'A zip archive of one file; its name ends in .zip',
  ],
};

/** The rows of the document a client signs. */
export const packingRows = ({
  compress,
  openpgp,
}: {
  readonly compress: PackingSettings['compress'] | undefined;
  readonly openpgp: OpenPgpSettings | undefined;
}): readonly SignedRow[] => [
  ...(compress === undefined
    ? []
    : [{ point: ['Compression', 'Compression'] as const, agreed: compressed[compress] }]),
  ...(openpgp === undefined
    ? []
    : [
        {
          point: ['Chiffrement', 'Encryption'] as const,
          agreed: [
            'OpenPGP avec votre clé publique, après compression ; le nom du fichier se termine par .gpg ; une clé expirée suspend l’envoi',
            'OpenPGP with your public key, after compression; the name of the file ends in .gpg; nothing is sent once the key is over',
          ] as const,
        },
      ]),
];

/** A file that may have arrived is packed as before; encryption required since then is never left out. */
export function packedAgain<Settings extends PackingSettings>(
  { compress: _now, ...inForce }: Settings,
  written: PackingSettings,
): Settings {
  const openpgp = inForce.openpgp ?? written.openpgp;
  return {
    ...inForce,
    ...(written.compress === undefined ? {} : { compress: written.compress }),
    ...(openpgp === undefined ? {} : { openpgp }),
  } as Settings;
}
