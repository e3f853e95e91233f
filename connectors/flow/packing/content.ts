// Packs the content of a parcel as the settings say.
// Invariant: nothing is sent in clear where encryption was asked for: without a usable key there is no content.
import type { Parcel, SendContext } from '../../contract.ts';
import { pgpKeysOf, type PgpKeys, type PgpReason } from '../../openpgp.ts';
import { contentOf } from '../content.ts';
import type { Content } from '../drop.ts';
import { gzip } from './gzip.ts';
import { openPgp } from './openpgp.ts';
import { packed, type Packer } from './packed.ts';
import { nameInside, type PackingSettings } from './settings.ts';
import { zip } from './zip.ts';

/** @param name of the file sent @param keys absent where a file is only compared */
export function packedContent(
  parcel: Parcel,
  name: string,
  settings: PackingSettings,
  { fileKeys, now }: Pick<SendContext, 'fileKeys' | 'now'>,
  keys?: PgpKeys,
): Content {
  const clear = contentOf(parcel.body);
  const { client, destination, batch } = parcel;
  const compressing: Packer[] = [];
  if (settings.compress === 'gzip') compressing.push(gzip);
  if (settings.compress === 'zip')
    compressing.push(zip(nameInside(name, parcel.body.extension), parcel.writtenAt));
  if (settings.openpgp === undefined) return compressing.length === 0 ? clear : packed(clear, compressing);
  const file = JSON.stringify([client, destination, batch?.sequence ?? 0]);
  const under = (sessionKey: Uint8Array | undefined): readonly Packer[] => [
    ...compressing,
    openPgp({ keys, sessionKey, at: new Date(now()) }),
  ];
  const [current, ...earlier] = fileKeys?.(file) ?? [];
  return packed(clear, under(current), earlier.map(under));
}

/** The keys to encrypt with, if encryption was asked for. */
export async function sealingKeys(
  { openpgp }: PackingSettings,
  { secret, now }: Pick<SendContext, 'secret' | 'now'>,
): Promise<
  | { readonly ok: true; readonly keys: PgpKeys | undefined }
  | { readonly ok: false; readonly reason: PgpReason }
> {
  return openpgp === undefined
    ? { ok: true, keys: undefined }
    : await pgpKeysOf(openpgp, secret, new Date(now()));
}
