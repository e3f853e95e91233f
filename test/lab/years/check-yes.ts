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
  type TakenBack,
} from './book.ts';
import type { Finder } from './figures.ts';

const minuteMs = 60_000;
/** An opt-out that came by hand travels at once; a minute is what a lapse is given, which everybody knew of before. */
const toldWithinMs = 10 * minuteMs;
const channels = ['email', 'phone'] as const;

type Zero = 'lapsed' | 'objected';

/** What is judged together: a channel of a lead, and the opt-outs that may hold for it. */
interface Matter {
  readonly lead: Lead;
  readonly channel: Channel;
  readonly outs: readonly TakenBack[];
}

/** Why a yes may not stand at a moment; undefined: it may. */
function whyNot({ lead, channel, outs }: Matter, at: Date): Zero | undefined {
  const given = lead.grants.filter((grant) => grant.channel === channel && grant.receivedAt <= at);
  const alive = given.filter(({ ends }) => ends === undefined || ends.getTime() + minuteMs > at.getTime());
  if (alive.length === 0) return 'lapsed';
  const standing = alive.filter(({ givenAt }) => !isTakenBack(outs, givenAt, at));
  return standing.length === 0 ? 'objected' : undefined;
}

const isTakenBack = (outs: readonly TakenBack[], givenAt: Date, at: Date): boolean =>
  outs.some((out) => out.at > givenAt && out.at.getTime() + toldWithinMs <= at.getTime());

export function checkYes(book: Book, find: Finder, end: Date): void {
  for (const lead of book.leads.values()) {
    const addresses = addressesOf(lead);
    const all = book.takenBack.filter(
      (out) => out.leads.has(lead) || addresses.some((address) => out.addresses.has(address)),
    );
    for (const channel of channels) {
      const matter: Matter = { lead, channel, outs: all.filter((out) => out.channel === channel) };
      const moments = momentsOf(book, matter, end);
      for (const destination of destinations)
        judge(book, find, matter, { moments, receipts: book.receiptsOf(lead.reference, destination) });
    }
  }
}

/** When something may have ended a yes. */
function momentsOf(book: Book, { lead, channel, outs }: Matter, end: Date): readonly Date[] {
  const lapses = lead.grants.flatMap((grant) =>
    grant.channel !== channel || grant.ends === undefined ? [] : [grant.ends.getTime() + minuteMs],
  );
  const lifted = book.demands.flatMap(({ kind, leads, liftedAt }) =>
    kind === 'restriction' && liftedAt !== undefined && leads.includes(lead)
      ? [liftedAt.getTime() + toldWithinMs + 1]
      : [],
  );
  const ended = outs.map(({ at }) => at.getTime() + toldWithinMs);
  return [...lapses, ...ended, ...lifted].filter((at) => at < end.getTime()).map((at) => new Date(at));
}

function judge(
  book: Book,
  find: Finder,
  matter: Matter,
  { moments, receipts }: { readonly moments: readonly Date[]; readonly receipts: readonly Receipt[] },
): void {
  const { lead, channel } = matter;
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
      const zero = whyNot(matter, at);
      if (zero !== undefined)
        find(
          zero,
          `${lead.reference} ${channel} at ${receipt.destination}: yes of ${receipt.at.toISOString()} stood at ${at.toISOString()}`,
        );
    }
  }
}
