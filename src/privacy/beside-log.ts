// Verifies what is kept beside the log and proves with it: signed days, and the words of notices. Entries cite the proofs.
// Invariant: reads only; what was changed without the keys, or differs from what was published, is named.
import type { KeyRing } from '../domain/key-ring.ts';
import { clientFactsIn } from '../mapping/check.ts';
import type { MappingSources } from '../mapping/contract.ts';
import type { Sql } from '../store/database.ts';
import { newestVersionBefore } from '../store/destinations/mapping-versions.ts';
import { clientsWithNotices } from '../store/destinations/notices.ts';
import { clientsOfDays, daySealsOf } from '../store/log/day-seals.ts';
import { macsOfSeals } from '../store/log/seals.ts';
import { wordingsOf, type Wording } from '../store/people/person-records.ts';
import { proofKeyOf } from './proofs/proof.ts';
import { problemOfDays } from './signed-days.ts';
import { parseAnchor, type VerificationProblem } from './verification.ts';

const everyDay = { from: '1000-01-01', until: '9999-12-31' };
/** Sums of days are compared where the entries are: the seals of a log prove its entries. */
const noSums = { from: '', until: '' };

/** One finding a client. @param lacksKey a key that has signed may be missing here */
export async function alteredDays(
  sql: Sql,
  sealKeys: KeyRing,
  lacksKey: () => Promise<boolean>,
): Promise<readonly VerificationProblem[]> {
  const keys = sealKeys.keys.map((key) => proofKeyOf(key).publicKey);
  const found: VerificationProblem[] = [];
  for (const clientId of await clientsOfDays(sql)) {
    const days = (await daySealsOf(sql, clientId, everyDay)).map(({ day, document, signature }) => ({
      day,
      signature,
      bytes: Buffer.from(document),
    }));
    const wrong = problemOfDays(days, keys, clientId === '' ? null : clientId, noSums, () => {
      throw new Error('no day is summed up');
    });
    if (wrong !== undefined) {
      const isMissing = wrong.problem === 'other_key' && (await lacksKey());
      found.push({
        kind: isMissing ? 'key_missing' : 'day_changed',
        what: `${clientId} ${wrong.day}`.trim(),
      });
    } else if (clientId === '') found.push(...(await withoutSeal(sql, days)));
  }
  return found;
}

/** Each signed day of the whole log is an anchor. */
async function withoutSeal(
  sql: Sql,
  days: readonly { readonly day: string; readonly bytes: Buffer }[],
): Promise<readonly VerificationProblem[]> {
  const anchors = days.flatMap(({ day, bytes }) => {
    const { lastSeal } = JSON.parse(bytes.toString()) as { readonly lastSeal: string | null };
    const anchor = parseAnchor(lastSeal ?? '');
    return anchor === undefined ? [] : [{ ...anchor, day }];
  });
  const macs = await macsOfSeals(
    sql,
    anchors.map(({ sequence }) => sequence),
  );
  const wrong = anchors.find(({ sequence, mac }) => macs.get(sequence) !== mac);
  if (wrong === undefined) return [];
  const kind = macs.has(wrong.sequence) ? 'anchor_differs' : 'anchor_missing';
  return [{ kind, seal: wrong.sequence, what: wrong.day }];
}

/** Notices that no published contract of their client gives in these words; the log cites what was published. */
export async function alteredNotices(sql: Sql): Promise<readonly VerificationProblem[]> {
  const found: VerificationProblem[] = [];
  for (const clientId of await clientsWithNotices(sql)) {
    let open = await wordingsOf(sql, clientId);
    for (let before = Number.MAX_SAFE_INTEGER; open.length > 0;) {
      const version = await newestVersionBefore(sql, clientId, before);
      if (version === undefined) break;
      const given = clientFactsIn(JSON.parse(version.sources) as MappingSources)?.notices ?? [];
      open = open.filter((notice) => !given.some((one) => isSame(one, notice)));
      before = version.id;
    }
    for (const { version, channel } of open)
      found.push({ kind: 'notice_changed', what: `${clientId} ${version} ${channel}` });
  }
  return found;
}

const isSame = (one: Wording, other: Wording): boolean =>
  one.version === other.version && one.channel === other.channel && one.wording === other.wording;
