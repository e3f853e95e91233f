// C16, C16b, and objections: whether a yes may stand at a recipient, moment by moment, judged once all is over.
// Invariant: every receipt of a yes is judged, and every moment at which a yes that somebody holds must have ended.
import {
  addressesOf,
  destinations,
  isRestricted,
  type Book,
  type Channel,
  type Lead,
  type Receipt,
} from './book.ts';
import type { Finder } from './figures.ts';

const minuteMs = 60_000;
/** An opt-out that came by hand travels at once; a minute is what a lapse is given, which everybody knew of before. */
const toldWithinMs = 10 * minuteMs;
const channels = ['email', 'phone'] as const;

interface Moment {
  readonly at: Date;
  readonly zero: 'lapsed' | 'objected';
}

/** Why a yes may not stand at a moment; undefined: it may. */
function whyNot(book: Book, lead: Lead, channel: Channel, at: Date): Moment['zero'] | undefined {
  const given = lead.grants.filter((grant) => grant.channel === channel && grant.receivedAt <= at);
  const alive = given.filter(({ ends }) => ends === undefined || ends.getTime() + minuteMs > at.getTime());
  if (alive.length === 0) return 'lapsed';
  const standing = alive.filter((grant) => !isTakenBack(book, lead, channel, { at, givenAt: grant.givenAt }));
  return standing.length === 0 ? 'objected' : undefined;
}

const isTakenBack = (
  { takenBack }: Book,
  lead: Lead,
  channel: Channel,
  { at, givenAt }: { readonly at: Date; readonly givenAt: Date },
): boolean =>
  takenBack.some(
    (out) =>
      out.channel === channel &&
      out.at > givenAt &&
      out.at.getTime() + toldWithinMs <= at.getTime() &&
      (out.leads.has(lead) || addressesOf(lead).some((address) => out.addresses.has(address))),
  );

export function checkYes(book: Book, find: Finder, end: Date): void {
  for (const lead of book.leads.values())
    for (const channel of channels) {
      const moments = momentsOf(book, lead, channel, end);
      for (const destination of destinations)
        judge(book, find, lead, { channel, moments, receipts: book.receiptsOf(lead.reference, destination) });
    }
}

/** When something may have ended a yes. */
function momentsOf(book: Book, lead: Lead, channel: Channel, end: Date): readonly Date[] {
  const lapses = lead.grants.flatMap((grant) =>
    grant.channel !== channel || grant.ends === undefined ? [] : [grant.ends.getTime() + minuteMs],
  );
  const outs = book.takenBack.flatMap((out) =>
    out.channel === channel &&
    (out.leads.has(lead) || addressesOf(lead).some((address) => out.addresses.has(address)))
      ? [out.at.getTime() + toldWithinMs]
      : [],
  );
  const lifted = book.demands.flatMap(({ kind, leads, liftedAt }) =>
    kind === 'restriction' && liftedAt !== undefined && leads.includes(lead)
      ? [liftedAt.getTime() + toldWithinMs + 1]
      : [],
  );
  return [...lapses, ...outs, ...lifted].filter((at) => at < end.getTime()).map((at) => new Date(at));
}

function judge(
  book: Book,
  find: Finder,
  lead: Lead,
  {
    channel,
    moments,
    receipts,
  }: { readonly channel: Channel; readonly moments: readonly Date[]; readonly receipts: readonly Receipt[] },
): void {
  for (const [index, receipt] of receipts.entries()) {
    if (receipt.action === 'erase' || !receipt.yes[channel]) continue;
    const until = receipts[index + 1]?.at;
    for (const at of [
      receipt.at,
      ...moments.filter((one) => one > receipt.at && (until === undefined || one < until)),
    ]) {
      // What is gone is told to nobody any more: clients keep their own. What is restricted is told in writing.
      if (lead.endedAt !== undefined && lead.endedAt <= at) break;
      if (isRestricted(book, lead, at, toldWithinMs)) continue;
      const zero = whyNot(book, lead, channel, at);
      if (zero !== undefined)
        find(
          zero,
          `${lead.reference} ${channel} at ${receipt.destination}: yes of ${receipt.at.toISOString()} stood at ${at.toISOString()}`,
        );
    }
  }
}
